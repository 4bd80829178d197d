"use strict";
/* global el, visible, cutNote */
// One pass over the text, each alternative linear: model code may be 48,000 characters of anything.
const TOKEN = new RegExp(
  [
    "(?<comment>#[^\\n]*)",
    "(?<string>[rRbBuUfF]{0,2}(?:\"\"\"[^]*?(?:\"\"\"|$)|'''[^]*?(?:'''|$)|\"(?:\\\\[^\\n]|[^\"\\\\\\n])*\"?|'(?:\\\\[^\\n]|[^'\\\\\\n])*'?))",
    "(?<number>\\b\\d[\\w.]*)",
    "(?<name>[A-Za-z_\\u0080-\\uffff][\\w\\u0080-\\uffff]*)",
  ].join("|"),
  "g",
);
const KEYWORDS = new Set(
  (
    "False None True and as assert async await break class continue def del elif else except finally for from global if " +
    "import in is lambda nonlocal not or pass raise return try while with yield match case"
  ).split(" "),
);

function classOf(groups, before) {
  if (groups.comment) return "t-comment";
  if (groups.string) return "t-string";
  if (groups.number) return "t-number";
  if (KEYWORDS.has(groups.name)) return "t-keyword";
  return /\b(?:def|class)[ \t]+$/.test(before) ? "t-defined" : "";
}

/** Python as pieces: [class, text]; put together they are the text. */
function* pieces(code) {
  let end = 0;
  for (const match of code.matchAll(TOKEN)) {
    if (match.index > end) yield ["", code.slice(end, match.index)];
    yield [classOf(match.groups, code.slice(Math.max(0, match.index - 12), match.index)), match[0]];
    end = match.index + match[0].length;
  }
  if (end < code.length) yield ["", code.slice(end)];
}

/** Lines of Python, each with its number; `wrong` maps line numbers to what is wrong there. */
function codeLines(code, first, wrong) {
  const lines = [el("span", { class: "src" })];
  for (const [name, text] of pieces(code)) {
    text.split("\n").forEach((part, at) => {
      if (at > 0) lines.push(el("span", { class: "src" }));
      if (part) lines[lines.length - 1].append(name ? el("span", { class: name }, visible(part)) : visible(part));
    });
  }
  return lines.flatMap((line, at) => {
    const number = first + at;
    const message = wrong.get(number);
    const row = el("span", { class: message ? "line bad" : "line", "data-number": number }, line);
    return message ? [row, el("span", { class: "blame" }, message)] : [row];
  });
}

/** A code block; a text with its middle left out keeps the line numbers of what follows. */
function codeBlock(text, wrong = new Map()) {
  const [head, left, gone, tail] = typeof text === "string" ? [text, 0, 0, ""] : text;
  const lines = codeLines(head.replace(/\n$/, ""), 1, wrong);
  if (left) {
    const before = head.split("\n").length - (head.endsWith("\n") ? 1 : 0);
    lines.push(
      el("span", { class: "line" }, cutNote(left)),
      ...codeLines(tail, before + gone + (head.endsWith("\n") ? 1 : 0), wrong),
    );
  }
  return el("pre", { class: "code", tabindex: "0" }, el("code", {}, ...lines));
}
