"use strict";
/* global el, boards, theme, Explorer, samplePage, pairPage */
// Addresses behind the # lead to samples and pairs; any other is a place on the page of all results.
const address = {
  sample: (board, position, row, number) =>
    ["s", board.models[row].id, board.dataset, board.tasks[position], number].map(encodeURIComponent).join("/"),
  pair: (board, position, a, b) =>
    ["c", board.dataset, board.tasks[position], board.models[a].id, board.models[b].id]
      .map(encodeURIComponent)
      .join("/"),
};
const overview = document.getElementById("overview");
const view = document.getElementById("view");
const home = { title: document.title, scroll: 0, focus: null };
let turn = 0;

function parts() {
  try {
    return location.hash.slice(1).split("/").map(decodeURIComponent);
  } catch {
    return [""];
  }
}

/** The page that an address leads to, or null where there is none. */
function pageOf([letter, ...rest]) {
  const [dataset, task] = letter === "s" ? [rest[1], rest[2]] : [rest[0], rest[1]];
  const board = boards.get(dataset);
  const position = board?.position.get(task);
  if (position === undefined || rest.length !== 4) return null;
  if (letter === "s") {
    const row = board.row.get(rest[0]);
    return row === undefined ? null : samplePage(board, position, row, Number(rest[3]));
  }
  const rows = [board.row.get(rest[2]), board.row.get(rest[3])];
  return letter === "c" && !rows.includes(undefined) ? pairPage(board, position, rows) : null;
}

async function route() {
  turn += 1;
  const mine = turn;
  const asked = parts();
  const content = asked.length > 1 ? await pageOf(asked)?.catch(unreadable) : null;
  if (mine !== turn) return;
  if (content) show(content);
  else arrive(document.getElementById(asked[0]), leave());
}

function unreadable() {
  return [
    el("p", {}, el("a", { href: "#", class: "back" }, "← All results")),
    el("h1", { tabindex: "-1" }, "This browser cannot unpack the sample; one of the last years can."),
  ];
}

function show(content) {
  if (!overview.hidden) Object.assign(home, { scroll: scrollY, focus: document.activeElement });
  overview.hidden = true;
  view.hidden = false;
  view.replaceChildren(...content);
  scrollTo(0, 0);
  const heading = view.querySelector("h1");
  document.title = `${heading.firstChild.textContent} · ${home.title}`;
  heading.focus();
}

/** Back to all results; false where they were on show. */
function leave() {
  if (view.hidden) return false;
  view.hidden = true;
  view.replaceChildren();
  overview.hidden = false;
  document.title = home.title;
  scrollTo(0, home.scroll);
  home.focus?.focus({ preventScroll: true });
  return true;
}

/** A link to a place on the page: folded details open, and the browser has not gone there itself after a sample. */
function arrive(target, returned) {
  const details = target?.closest("details");
  if (details) details.open = true;
  if (details || (target && returned)) target.scrollIntoView({ block: "start" });
}

document.addEventListener("keydown", (event) => {
  if (view.hidden || event.altKey || event.ctrlKey || event.metaKey || event.target.closest("input, select, pre"))
    return;
  if (event.key === "Escape") location.hash = "";
  const link = { ArrowLeft: "prev", ArrowRight: "next" }[event.key];
  if (link) view.querySelector(`a[rel=${link}]`)?.click();
});

const explorers = [...document.querySelectorAll("[data-board]")].map((host) => new Explorer(host));
document.getElementById("theme").addEventListener("click", () => {
  theme.write(theme.dark() ? "light" : "dark");
  for (const explorer of explorers) explorer.matrix.draw();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () =>
  explorers.forEach((explorer) => explorer.matrix.draw()),
);
addEventListener("hashchange", route);
route();
