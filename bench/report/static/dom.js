"use strict";
// Everything that models, files and people wrote enters the page as text nodes and attribute values, never as markup.

/** An element with attributes (functions are listeners; null and false are left out) and children. */
function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false)
      node.setAttribute(name, value === true ? "" : value);
  }
  fill(node, children);
  return node;
}

/** Put children, or lists of them, in place of an element's own; null and false are left out. */
function fill(node, ...children) {
  node.replaceChildren(
    ...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false),
  );
}

const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/g;

/** A text with its control and direction characters made visible: they could make it look like another one. */
function visible(text) {
  return text.replace(UNSEEN, (character) => {
    const code = character.codePointAt(0);
    if (code < 0x20) return String.fromCodePoint(0x2400 + code);
    return `\u27e8U+${code.toString(16).toUpperCase().padStart(4, "0")}\u27e9`;
  });
}

/** A count with its noun. */
function count(number, noun, plural = `${noun}s`) {
  return `${number.toLocaleString("en")} ${number === 1 ? noun : plural}`;
}

/** A text of the payload, whole or with its middle left out, as nodes. */
function textNodes(text) {
  if (typeof text === "string") return [visible(text)];
  const [head, left, , tail] = text;
  return [visible(head), cutNote(left), visible(tail)];
}

function cutNote(left) {
  return el("span", { class: "cut" }, `… ${count(left, "character")} left out to keep this page small …`);
}

function isEmpty(text) {
  return text === "" || text === null || text === undefined;
}
