// Pictures of pixels: a canvas has one dot for each, and the style sheet makes it large.

import { make } from "./dom.js";
import { UNKNOWN } from "./mixture.js";

const NAMES = ["paper", "ink", "unsure", "hidden-1", "hidden-2"];

// The colours of the style sheet, as they are in the theme of the moment: { name: [red, green, blue] }.
export function colours(section) {
  const style = getComputedStyle(section);
  const parsed = (text) => [1, 3, 5].map((at) => parseInt(text.trim().slice(at, at + 2), 16));
  return Object.fromEntries(NAMES.map((name) => [name, parsed(style.getPropertyValue(`--${name}`))]));
}

const mixed = (from, to, share) => from.map((low, ix) => low + (to[ix] - low) * share);

// colour(pixel) gives [red, green, blue].
export function paint(canvas, colour) {
  const { width, height } = canvas;
  const image = new ImageData(width, height);
  for (let pixel = 0; pixel < width * height; pixel++) image.data.set([...colour(pixel), 255], 4 * pixel);
  canvas.getContext("2d").putImageData(image, 0, 0);
}

export function newCanvas([height, width], label) {
  return make("canvas", { width, height, ...(label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" }) });
}

// What is known; hidden pixels are a chequered ground.
export function paintKnown(canvas, pixels, { paper, ink, "hidden-1": even, "hidden-2": odd }) {
  const ground = (pixel) => ((pixel % canvas.width) + Math.floor(pixel / canvas.width)) % 2;
  paint(canvas, (pixel) => {
    if (pixels[pixel] === UNKNOWN) return ground(pixel) ? odd : even;
    return pixels[pixel] ? ink : paper;
  });
}

export function paintProba(canvas, proba, { paper, ink }) {
  paint(canvas, (pixel) => mixed(paper, ink, proba[pixel]));
}

export function paintUnsure(canvas, bits, { paper, unsure }) {
  paint(canvas, (pixel) => mixed(paper, unsure, bits[pixel]));
}
