// A table to fill in: each column is yes, no or unknown. Long ones are looked through by name.

import { make, newId, radios } from "./dom.js";
import { OFF, ON, UNKNOWN } from "./mixture.js";
import { percent } from "./words.js";

const MOST_SHOWN = 100;
const VALUES = [UNKNOWN, OFF, ON];

export class Form {
  // columns: { name, off, on }; off and on are null where they are no and yes.
  constructor(columns, drawing) {
    Object.assign(this, { columns, drawing, shown: new Map() });
    this.list = make("div", { class: "play-columns" });
    this.note = make("p", { class: "play-small", role: "status" });
    this.wanted = make("input", { type: "search", oninput: () => this.#list() });
    const search = make("label", { class: "play-search" }, "Columns whose name has ", this.wanted);
    search.hidden = columns.length <= 12;
    this.element = make("div", { class: "play-form" }, search, this.list, this.note);
    this.#list();
  }

  #list() {
    const wanted = this.wanted.value.toLowerCase();
    const found = [...this.columns.keys()].filter((ix) => this.columns[ix].name.toLowerCase().includes(wanted));
    this.shown = new Map(found.slice(0, MOST_SHOWN).map((ix) => [ix, this.#row(ix)]));
    this.list.replaceChildren(...[...this.shown.values()].map((row) => row.element));
    const more = found.length - this.shown.size;
    this.note.textContent = more > 0 ? `${more} more columns; look for one by its name.` : found.length ? "" : "None.";
    if (this.proba) this.update(this.proba);
  }

  #row(ix) {
    const { name, off, on } = this.columns[ix];
    const value = this.drawing.pixels[ix];
    const options = VALUES.map((each) => [each, { [OFF]: off ?? "no", [ON]: on ?? "yes", [UNKNOWN]: "unknown" }[each], each === value]);
    const choices = radios(newId(), options, (chosen) => this.#choose(ix, chosen));
    const bar = make("span", { class: "play-bar", "aria-hidden": "true" }, make("span"));
    const told = make("span", { class: "play-told-column" });
    const element = make("fieldset", {}, make("legend", {}, name), ...choices, bar, told);
    return { element, told, bar: bar.firstChild, inputs: choices.map((label) => label.firstChild) };
  }

  #choose(ix, value) {
    this.drawing.begin();
    this.drawing.set(ix, value);
    this.drawing.end();
  }

  update(proba) {
    this.proba = proba;
    this.shown.forEach((row, ix) => {
      const value = this.drawing.pixels[ix];
      row.inputs.forEach((input, at) => (input.checked = VALUES[at] === value));
      row.bar.style.width = `${100 * proba[ix]}%`;
      row.told.textContent = value === UNKNOWN ? `${percent(proba[ix])} ${this.columns[ix].on ?? "yes"}` : "known";
    });
  }
}
