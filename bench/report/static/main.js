"use strict";
/* global el, fill, leaderboards, theme, Explorer, samplePage, pairPage, modelPage, restoreSort */
// Addresses behind the # lead to samples, pairs and models, or hold the filters of the page of all results; any other is
// a place on that page.
const path = (...parts) => parts.map(encodeURIComponent).join("/");
const address = {
  sample: (leaderboard, position, row, number) =>
    path("s", leaderboard.models[row].id, leaderboard.dataset, leaderboard.tasks[position], number),
  pair: (leaderboard, position, a, b) =>
    path("c", leaderboard.dataset, leaderboard.tasks[position], leaderboard.models[a].id, leaderboard.models[b].id),
  model: (leaderboard, row) => path("m", leaderboard.dataset, leaderboard.models[row].id),
};
const overview = document.getElementById("overview");
const view = document.getElementById("view");
const home = { title: document.title, scroll: 0, focus: null, hash: "" };
let turn = 0;
let opened = false;

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
  const leaderboard = leaderboards.get(dataset);
  if (letter === "m" && leaderboard?.row.has(rest[1])) return modelPage(leaderboard, leaderboard.row.get(rest[1]));
  const position = leaderboard?.position.get(task);
  if (position === undefined || rest.length !== 4) return null;
  if (letter === "s") {
    const row = leaderboard.row.get(rest[0]);
    return row === undefined ? null : samplePage(leaderboard, position, row, Number(rest[3]));
  }
  const rows = [leaderboard.row.get(rest[2]), leaderboard.row.get(rest[3])];
  return letter === "c" && !rows.includes(undefined) ? pairPage(leaderboard, position, rows) : null;
}

async function route(event) {
  turn += 1;
  const mine = turn;
  const target = parts();
  const opening = target.length > 1 ? pageOf(target) : null;
  const content = opening && (await Promise.resolve(opening).catch(unreadable));
  if (mine !== turn) return;
  opened = Boolean(event);
  if (content) show(content);
  else if (location.hash.startsWith("#v?")) {
    leave();
    restore(new URLSearchParams(location.hash.slice(3)));
  } else arrive(document.getElementById(target[0]), leave());
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
  fill(view, content);
  for (const back of view.querySelectorAll("a.back")) back.setAttribute("href", `#${home.hash}`);
  scrollTo(0, 0);
  const heading = view.querySelector("h1");
  document.title = `${heading.firstChild.textContent} · ${home.title}`;
  heading.focus();
}

/** Back to all results; false where they were on show. */
function leave() {
  if (view.hidden) return false;
  view.hidden = true;
  fill(view);
  overview.hidden = false;
  document.title = home.title;
  scrollTo(0, home.scroll);
  home.focus?.focus({ preventScroll: true });
  return true;
}

/** A link to a place on the page: folded details open, and the browser has not gone there itself after a sample. */
function arrive(target, returned) {
  let details = target?.closest("details");
  const folded = Boolean(details);
  for (; details; details = details.parentElement.closest("details")) details.open = true;
  if (folded || (target && returned)) target.scrollIntoView({ block: "start" });
}

/** Keep changed filters in the address, so that it leads others, and the way back, to the same view. */
function remember(dataset, changes) {
  const before = new URLSearchParams(location.hash.startsWith("#v?") ? location.hash.slice(3) : "");
  const state = before.get("d") === dataset ? Object.fromEntries(before) : {};
  const kept = Object.entries({ ...state, ...changes, d: dataset }).filter(([, value]) => value);
  home.hash = kept.length > 1 ? `v?${new URLSearchParams(kept)}` : "";
  history.replaceState(history.state, "", `#${home.hash}`);
}

/** The filters and the sort that an address holds. */
function restore(state) {
  const values = Object.fromEntries(state);
  home.hash = location.hash.slice(1);
  const explorer = explorers.find((one) => one.leaderboard.dataset === values.d);
  if (!explorer) return;
  const same = Object.entries(explorer.state()).every(([key, value]) => (values[key] ?? "") === value);
  if (!same) explorer.restore(values);
  const table = document.getElementById(`table-${values.d}`);
  if (table) restoreSort(table, values.sort ?? "");
  if (opened || (!values.only && !values.q && !values.a)) return;
  explorer.host.scrollIntoView({ block: "start" });
}

document.addEventListener("keydown", (event) => {
  if (view.hidden || event.altKey || event.ctrlKey || event.metaKey || event.target.closest("input, select, pre"))
    return;
  if (event.key === "Escape") {
    if (opened) history.back();
    else location.hash = home.hash;
  }
  const link = { ArrowLeft: "prev", ArrowRight: "next" }[event.key];
  const next = link && view.querySelector(`a[rel=${link}]`);
  // A neighbour takes the place of this page, so that one step back leads to where it was opened from.
  if (next) location.replace(next.href);
});

const explorers = [...document.querySelectorAll("[data-leaderboard]")].map((host) => new Explorer(host));
const redraw = () => explorers.forEach((explorer) => explorer.matrix.draw());
document.getElementById("theme").addEventListener("click", () => {
  theme.write(theme.dark() ? "light" : "dark");
  redraw();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
addEventListener("hashchange", route);
route();
