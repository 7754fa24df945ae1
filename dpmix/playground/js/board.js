// The picture to draw on: with mouse, finger or pen, and with the keyboard.

import { make } from "./dom.js";
import { OFF, ON, UNKNOWN } from "./mixture.js";
import { newCanvas } from "./picture.js";

const SAID = { [ON]: "on", [OFF]: "off", [UNKNOWN]: "hidden" };
const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const LETTERS = { d: ON, 1: ON, e: OFF, 0: OFF, h: UNKNOWN };

// The cells of a straight line between two [row, column], without the first.
export function line([row, column], [lastRow, lastColumn]) {
  const steps = Math.max(Math.abs(lastRow - row), Math.abs(lastColumn - column));
  const at = (from, to, step) => Math.round(from + ((to - from) * step) / steps);
  return Array.from({ length: steps }, (_, ix) => [at(row, lastRow, ix + 1), at(column, lastColumn, ix + 1)]);
}

export class Board {
  // tools: { value, brush } as they are set; say(text) reads a text out.
  constructor(shape, drawing, tools, say, helpId) {
    [this.height, this.width] = shape;
    Object.assign(this, { drawing, tools, say, last: null });
    this.canvas = newCanvas(shape);
    this.cursor = make("div", { class: "play-cursor" });
    this.element = make(
      "div",
      {
        class: "play-board",
        tabindex: "0",
        role: "application",
        "aria-label": `Your image, ${this.height} rows of ${this.width} pixels`,
        "aria-describedby": helpId,
        onkeydown: (event) => this.#key(event),
        onpointerdown: (event) => this.#down(event),
        onpointermove: (event) => this.#move(event),
        onpointerup: () => this.#up(),
        onpointercancel: () => this.#up(),
      },
      this.canvas,
      this.cursor,
    );
    this.#place([0, 0]);
  }

  // Give the pixels under the brush at a cell a value, as far as they are on the board.
  dab([row, column], value = this.tools.value) {
    const before = Math.floor((this.tools.brush - 1) / 2);
    for (let i = row - before; i < row - before + this.tools.brush; i++)
      for (let j = column - before; j < column - before + this.tools.brush; j++)
        if (i >= 0 && i < this.height && j >= 0 && j < this.width) this.drawing.set(i * this.width + j, value);
  }

  #down(event) {
    if (event.button !== 0) return;
    this.element.setPointerCapture(event.pointerId);
    this.drawing.begin();
    this.last = this.#cellOf(event);
    this.#place(this.last);
    this.dab(this.last);
    this.drawing.done();
  }

  #move(event) {
    if (!this.last) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) {
      const cell = this.#cellOf(each);
      line(this.last, cell).forEach((on) => this.dab(on));
      this.last = cell;
    }
    this.#place(this.last);
    this.drawing.done();
  }

  #up() {
    if (!this.last) return;
    this.last = null;
    this.drawing.end();
  }

  #cellOf(event) {
    const box = this.canvas.getBoundingClientRect();
    const [down, across] = [(event.clientY - box.top) / box.height, (event.clientX - box.left) / box.width];
    return [Math.floor(down * this.height), Math.floor(across * this.width)];
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (key in MOVES) this.#step(MOVES[key], event.shiftKey);
    else if (key === " " || key === "Enter") this.#touch(this.tools.value);
    else if (key in LETTERS) this.#touch(LETTERS[key]);
    else return;
    event.preventDefault();
  }

  #step([down, across], drawn) {
    const [row, column] = this.cell;
    this.#place([row + down, column + across]);
    if (drawn) this.#touch(this.tools.value);
    else this.#tell();
  }

  #touch(value) {
    this.drawing.begin();
    this.dab(this.cell, value);
    this.drawing.end();
    this.#tell();
  }

  #tell() {
    const [row, column] = this.cell;
    this.say(`row ${row + 1}, column ${column + 1}: ${SAID[this.drawing.pixels[row * this.width + column]]}`);
  }

  // Put the cursor on a cell, or on the one nearest to it on the board.
  #place([wantedRow, wantedColumn]) {
    const clipped = (at, size) => Math.min(size - 1, Math.max(0, at));
    const [row, column] = (this.cell = [clipped(wantedRow, this.height), clipped(wantedColumn, this.width)]);
    const percent = (part, whole) => `${(100 * part) / whole}%`;
    this.cursor.style.top = percent(row, this.height);
    this.cursor.style.left = percent(column, this.width);
    this.cursor.style.height = percent(1, this.height);
    this.cursor.style.width = percent(1, this.width);
  }
}
