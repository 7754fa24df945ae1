// Elements. Texts only ever become text nodes and attributes, so names mean nothing but themselves.

let made = 0;

// An id that nothing else on the page has.
export function newId() {
  let id;
  do id = `dpmix-play-${++made}`;
  while (document.getElementById(id));
  return id;
}

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

export const button = (text, onclick) => make("button", { type: "button", onclick }, text);

// Radio buttons of one name: options are [value, text, checked].
export function radios(name, options, onchange) {
  return options.map(([value, text, checked]) =>
    make("label", {}, make("input", { type: "radio", name, value, checked, onchange: () => onchange(value) }), text),
  );
}
