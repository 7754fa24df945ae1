// One section of the page, from its data to what happens on it.

import { Boards } from "./boards.js";
import { unpack } from "./data.js";
import { button, make } from "./dom.js";
import { Drawing } from "./drawing.js";
import { Form } from "./form.js";
import { AUDIBLE, Mixture, UNKNOWN, loudest } from "./mixture.js";
import { colours, newCanvas, paintKnown, paintProba } from "./picture.js";
import { apart, clusterName, percent, summary } from "./words.js";

const MOST_CLUSTERS = 6;
const PAUSE = 1200; // milliseconds without a change until the summary is read out

class Play {
  constructor(section, data) {
    Object.assign(this, { section, data, means: new Map(), pending: false });
    this.mixture = new Mixture(data.draws, data.d);
    this.drawing = new Drawing(
      data.d,
      (pixel, value) => this.mixture.set(pixel, value),
      () => this.#soon(),
    );
    this.overall = this.mixture.answer().proba;
    this.live = make("p", { class: "play-unseen", "aria-live": "polite" });
    const say = (text) => (this.live.textContent = text);
    this.form = data.columns ? new Form(data.columns, this.drawing) : new Boards(data.shape, this.drawing, say);
    this.said = make("p", { class: "play-verdict" });
    this.clusters = make("ol", { class: data.columns ? "play-clusters play-stacked" : "play-clusters" });
    this.undo = button("Undo", () => this.drawing.undo());
    this.redo = button("Redo", () => this.drawing.redo());
    section.querySelector(".play-room").append(...this.#parts());
    section.addEventListener("keydown", (event) => this.#key(event));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#repaint());
    this.#first();
  }

  #parts() {
    const { drawing } = this;
    const steps = [this.undo, this.redo, button("Reset", () => drawing.reset()), button("Clear", () => drawing.clear())];
    const heading = (text) => make("h3", {}, text);
    this.starts = make("div", { class: "play-starts" }, ...this.#starts());
    return [
      make("div", { class: "play-steps" }, ...steps),
      this.form.element,
      heading("How probable"),
      this.said,
      heading("Which clusters speak for it"),
      this.clusters,
      ...(this.data.starts.length ? [heading(`Start from one of these ${this.#noun()}s`), this.starts] : []),
      this.live,
    ];
  }

  #noun() {
    return this.data.columns ? "row" : "image";
  }

  #starts() {
    return this.data.starts.map(({ name, pixels }) => {
      const start = button("", () => this.drawing.startFrom(pixels));
      if (this.data.columns) start.append(name);
      else start.append(newCanvas(this.data.shape));
      start.setAttribute("aria-label", `Start from ${name}`);
      start.title = name;
      return start;
    });
  }

  // A first image with its lower half hidden says more than an empty one.
  #first() {
    if (!this.data.columns && this.data.starts.length) {
      this.drawing.startFrom(this.data.starts[0].pixels);
      this.form.hideLower();
      this.drawing.past = [];
    }
    this.#repaint();
  }

  #key(event) {
    const key = event.key.toLowerCase();
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.target.type === "search") return;
    if (key === "z") event.shiftKey ? this.drawing.redo() : this.drawing.undo();
    else if (key === "y") this.drawing.redo();
    else return;
    event.preventDefault();
  }

  #soon() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      this.update();
    });
  }

  #repaint() {
    const theme = colours(this.section);
    if (!this.data.columns)
      this.starts.querySelectorAll("canvas").forEach((canvas, ix) => paintKnown(canvas, this.data.starts[ix].pixels, theme));
    this.means.clear();
    this.update();
  }

  // Everything that follows from the pixels as they are.
  update() {
    const { mixture, drawing, data } = this;
    const answer = mixture.answer();
    this.form.update(answer.proba, this.section);
    const known = drawing.pixels.filter((value) => value !== UNKNOWN).length;
    const wrong = answer.proba.reduce((sum, p) => sum + Math.min(p, 1 - p), 0);
    const text = summary(data.columns ? "column" : "pixel", data.d, known, answer.logPredictive, wrong);
    this.said.textContent = text + this.#labelled(answer.shares);
    this.#showClusters(answer.shares);
    this.undo.disabled = !drawing.past.length;
    this.redo.disabled = !drawing.future.length;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => (this.live.textContent = this.said.textContent), PAUSE);
    this.answer = answer;
  }

  #labelled(shares) {
    const proba = this.mixture.labels(shares);
    if (!proba) return "";
    const named = loudest(proba, 3).map(({ ix, share }) => `${this.data.classes[ix]} (${percent(share)})`);
    return ` Its label: ${named.join(", ")}.`;
  }

  #showClusters(shares) {
    const found = loudest(shares, MOST_CLUSTERS);
    const rest = 1 - found.reduce((sum, { share }) => sum + share, 0);
    const others = make("li", { class: "play-rest" }, `all others together: ${percent(Math.max(0, rest))}`);
    this.clusters.replaceChildren(...found.map((each) => this.#cluster(each)), ...(rest > AUDIBLE ? [others] : []));
  }

  #cluster({ ix, share }) {
    const name = clusterName(this.mixture.place(ix), this.data.draws, this.#noun());
    const bar = make("span", { class: "play-bar", "aria-hidden": "true" }, make("span", { style: `width:${100 * share}%` }));
    if (!this.means.has(ix)) this.means.set(ix, this.#portrait(ix));
    return make("li", {}, this.means.get(ix), make("span", {}, make("b", {}, percent(share)), ` ${name}`, bar));
  }

  #portrait(ix) {
    const mean = this.mixture.mean(ix);
    if (this.data.columns) return make("span", { class: "play-small" }, apart(this.data.columns, mean, this.overall));
    const canvas = newCanvas(this.data.shape);
    paintProba(canvas, mean, colours(this.section));
    return canvas;
  }
}

// `section.play` is there once `data-state` is "ready".
export async function start(section) {
  const status = section.querySelector(".play-status");
  try {
    if (typeof DecompressionStream === "undefined") throw new Error("this browser is too old (before 2023)");
    const data = JSON.parse(section.querySelector("script[type='application/json']").textContent);
    section.play = new Play(section, await unpack(data));
    status.remove();
    section.dataset.state = "ready";
  } catch (error) {
    status.textContent = `This part does not work here: ${error.message}.`;
    section.dataset.state = "failed";
    throw error;
  }
}
