"use strict";
/* global el, codeLines */
// Two codes side by side, line by line: equal lines stand beside each other, the others are marked.
const MOST_LINES = 1500;

/** The lines of two texts as rows [first, second] of line numbers from 0; null where a side has none. */
function align(first, second) {
  const [n, m] = [first.length, second.length];
  // The lengths of the longest common parts of what is left from each place on.
  const width = m + 1;
  const common = new Uint16Array((n + 1) * width);
  for (let i = n - 1; i >= 0; i -= 1) {
    for (let j = m - 1; j >= 0; j -= 1) {
      common[i * width + j] =
        first[i] === second[j]
          ? common[(i + 1) * width + j + 1] + 1
          : Math.max(common[(i + 1) * width + j], common[i * width + j + 1]);
    }
  }
  const rows = [];
  let [i, j] = [0, 0];
  while (i < n && j < m) {
    if (first[i] === second[j]) rows.push([i++, j++]);
    else if (common[(i + 1) * width + j] >= common[i * width + j + 1]) rows.push([i++, null]);
    else rows.push([null, j++]);
  }
  while (i < n) rows.push([i++, null]);
  while (j < m) rows.push([null, j++]);
  return joined(rows);
}

/** Lines that only one side has, beside those that only the other has. */
function joined(rows) {
  const aligned = [];
  let [left, right] = [[], []];
  const flush = () => {
    for (let at = 0; at < Math.max(left.length, right.length); at += 1) aligned.push([left[at] ?? null, right[at] ?? null]);
    [left, right] = [[], []];
  };
  for (const [a, b] of rows) {
    if (a !== null && b !== null) {
      flush();
      aligned.push([a, b]);
    } else if (a !== null) left.push(a);
    else right.push(b);
  }
  flush();
  return aligned;
}

function wholeOf(text) {
  return typeof text === "string" ? text : `${text[0]}\n… ${text[1]} characters left out …\n${text[3]}`;
}

/** Two codes in a table of four columns; null where they are too long, or there is nothing to compare. */
function diffOf(first, second) {
  const [a, b] = [first, second].map((text) => wholeOf(text).replace(/\n$/, ""));
  const sides = [a.split("\n"), b.split("\n")];
  if (!a || !b || sides.some((lines) => lines.length > MOST_LINES)) return null;
  const drawn = [a, b].map((text) => codeLines(text, 1, new Map()));
  const rows = align(...sides.map((lines) => lines.map((line) => line.trimEnd()))).map((pair) => {
    const same = pair[0] !== null && pair[1] !== null && sides[0][pair[0]].trimEnd() === sides[1][pair[1]].trimEnd();
    return el(
      "tr",
      { class: same ? null : "differs" },
      pair.map((at, side) => el("td", {}, at === null ? "" : el("code", {}, drawn[side][at]))),
    );
  });
  return el("div", { class: "wide" }, el("table", { class: "diff" }, el("tbody", {}, rows)));
}
