// The image that is drawn, with its past: a stroke is one step back.

import { UNKNOWN } from "./mixture.js";

const MOST_STEPS = 500;

export class Drawing {
  // changed(pixel, value) is told of every pixel that changes, done() after every step.
  constructor(d, changed, done) {
    this.pixels = new Uint8Array(d).fill(UNKNOWN);
    this.start = this.pixels.slice();
    this.changed = changed;
    this.done = done;
    this.past = [];
    this.future = [];
    this.stroke = null;
  }

  begin() {
    this.stroke ??= new Map();
  }

  set(pixel, value) {
    const before = this.pixels[pixel];
    if (before === value) return;
    this.begin();
    if (!this.stroke.has(pixel)) this.stroke.set(pixel, before);
    this.#put(pixel, value);
  }

  end() {
    if (this.stroke?.size) {
      this.past.push(this.stroke);
      this.past.splice(0, this.past.length - MOST_STEPS);
      this.future = [];
    }
    this.stroke = null;
    this.done();
  }

  // All pixels at once, as one step.
  replace(values) {
    this.end();
    values.forEach((value, pixel) => this.set(pixel, value));
    this.end();
  }

  // A start, to which `reset` comes back.
  startFrom(values) {
    this.start = values.slice();
    this.replace(values);
  }

  reset() {
    this.replace(this.start);
  }

  clear() {
    this.replace(new Uint8Array(this.pixels.length).fill(UNKNOWN));
  }

  undo() {
    this.#step(this.past, this.future);
  }

  redo() {
    this.#step(this.future, this.past);
  }

  #step(from, to) {
    if (this.stroke) this.end();
    const stroke = from.pop();
    if (!stroke) return;
    to.push(new Map([...stroke.keys()].map((pixel) => [pixel, this.pixels[pixel]])));
    stroke.forEach((value, pixel) => this.#put(pixel, value));
    this.done();
  }

  #put(pixel, value) {
    this.pixels[pixel] = value;
    this.changed(pixel, value);
  }
}
