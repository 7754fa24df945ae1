// Images: the board to draw on, its tools, the completion and how unsure that is.

import { Board } from "./board.js";
import { button, make, newId, radios } from "./dom.js";
import { OFF, ON, UNKNOWN, entropies } from "./mixture.js";
import { colours, newCanvas, paintKnown, paintProba, paintUnsure } from "./picture.js";
import { percent } from "./words.js";

const HELP =
  "With the keyboard: arrow keys move, space draws with the tool, d sets a pixel on, e off, and h hides it; " +
  "with shift, arrow keys draw. Control and z undoes.";
const MOST_NUMBERS = 1600; // pixels of which a table is offered

export class Boards {
  constructor(shape, drawing, say) {
    Object.assign(this, { shape, drawing });
    this.tools = { value: ON, brush: Math.max(1, Math.round(Math.min(...shape) / 14)) };
    const help = make("p", { class: "play-small", id: newId() }, HELP);
    this.board = new Board(shape, drawing, this.tools, say, help.id);
    this.completion = newCanvas(shape, "The completed image");
    this.unsure = newCanvas(shape, "How unsure each pixel is");
    const [height, width] = shape;
    const style = height > width ? `max-width: ${(34 * width) / height}rem` : null;
    const figure = (picture, title, note) => {
      const caption = make("figcaption", {}, make("b", {}, title), ` ${note}`);
      return make("figure", {}, caption, make("div", { style }, picture));
    };
    this.element = make(
      "div",
      {},
      this.#toolbar(),
      make(
        "div",
        { class: width > 2 * height ? "play-boards play-wide" : "play-boards" },
        figure(this.board.element, "Your image.", "Chequered pixels are hidden."),
        figure(this.completion, "Completed.", "The more ink, the more probably on."),
        figure(this.unsure, "Unsure.", "Bits of entropy: full colour is 1, a toss-up."),
      ),
      help,
      ...this.#numbers(),
    );
  }

  #toolbar() {
    const values = [[ON, "draw", true], [OFF, "erase"], [UNKNOWN, "hide"]]; // prettier-ignore
    const tools = radios(newId(), values, (value) => (this.tools.value = value));
    const brush = make("input", {
      type: "range",
      min: 1,
      max: Math.max(2, Math.min(9, ...this.shape)),
      value: this.tools.brush,
      oninput: () => (this.tools.brush = brush.valueAsNumber),
    });
    return make(
      "div",
      { class: "play-tools" },
      make("fieldset", { class: "play-choice" }, make("legend", {}, "Tool"), ...tools),
      make("label", { class: "play-brush" }, "Brush ", brush),
      button("Hide lower half", () => this.hideLower()),
    );
  }

  hideLower() {
    const [height, width] = this.shape;
    const first = Math.floor(height / 2) * width;
    this.drawing.replace(this.drawing.pixels.map((value, pixel) => (pixel < first ? value : UNKNOWN)));
  }

  #numbers() {
    if (this.drawing.pixels.length > MOST_NUMBERS) return [];
    this.table = make("table", {}, make("caption", {}, "Chance of each pixel to be on, %; hidden ones are marked *"));
    const room = make("div", { class: "play-scrolls", tabindex: "0", role: "region", "aria-label": "Numbers" }, this.table);
    this.numbers = make("details", { ontoggle: () => this.#fill() }, make("summary", {}, "As numbers"), room);
    return [this.numbers];
  }

  #fill() {
    if (!this.numbers?.open) return;
    const [height, width] = this.shape;
    const cell = (at) => `${Math.round(100 * this.proba[at])}${this.drawing.pixels[at] === UNKNOWN ? "*" : ""}`;
    const row = (i) => {
      const cells = Array.from({ length: width }, (_, j) => make("td", {}, cell(i * width + j)));
      return make("tr", {}, make("th", { scope: "row" }, `row ${i + 1}`), ...cells);
    };
    this.table.tBodies[0]?.remove();
    this.table.append(make("tbody", {}, ...Array.from({ length: height }, (_, i) => row(i))));
  }

  update(proba, section) {
    this.proba = proba;
    const theme = colours(section);
    const bits = entropies(proba);
    paintKnown(this.board.canvas, this.drawing.pixels, theme);
    paintProba(this.completion, proba, theme);
    paintUnsure(this.unsure, bits, theme);
    const on = proba.reduce((sum, each) => sum + each, 0) / proba.length;
    this.completion.setAttribute("aria-label", `The completed image, ${percent(on)} of it on`);
    const open = bits.reduce((sum, each) => sum + each, 0);
    this.unsure.setAttribute("aria-label", `How unsure each pixel is, ${open.toFixed(0)} bits in all`);
    this.#fill();
  }
}
