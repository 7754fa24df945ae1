// Elements. Texts only ever become text nodes and attributes, so names mean nothing but themselves.

// A word for ids and groups that nothing else on the page has, even where several sections stand on it.
export function newId() {
  document.dpmixPlayIds = (document.dpmixPlayIds ?? 0) + 1;
  return `dpmix-play-${document.dpmixPlayIds}`;
}

// Attributes that are undefined, null or false are left out.
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if ((value ?? false) !== false) element.setAttribute(name, value === true ? "" : value);
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
