"use strict";
/* global el, kinds, badge, count, address */
// The list below a matrix: the samples that a filter is about, or the problems on which two models differ.
const FIRST = 60;
const MORE = 240;

/** The list of an explorer; each row is made only when it is on show. */
function listNodes(explorer) {
  const { leaderboard, compared, limit } = explorer;
  if (!compared && !explorer.wanted.size && !explorer.words.length) {
    const hint = "Choose an outcome, a problem or two models to list samples here.";
    return [el("p", { class: "muted" }, hint)];
  }
  const rows = compared ? pairRows(explorer) : sampleRows(explorer);
  const heads = compared ? compared.map((row) => leaderboard.models[row].title) : ["Model", "Outcome"];
  const rest = rows.length - limit;
  return [
    el("p", { class: "muted" }, count(rows.length, compared ? "problem" : "sample")),
    table(["Problem", "Function", ...heads], rows.slice(0, limit)),
    rest > 0 ? moreButton(explorer, rest) : "",
  ];
}

function table(heads, rows) {
  const head = el(
    "tr",
    {},
    heads.map((name) => el("th", { scope: "col" }, name)),
  );
  const body = rows.map((make) =>
    el(
      "tr",
      {},
      make().map((cell, at) => (at ? el("td", {}, cell) : el("th", { scope: "row" }, cell))),
    ),
  );
  return el("div", { class: "wide" }, el("table", {}, el("thead", {}, head), el("tbody", {}, body)));
}

function moreButton(explorer, rest) {
  const text = `Show ${Math.min(rest, MORE)} more of ${rest.toLocaleString("en")}`;
  return el("button", { type: "button", class: "quiet", onclick: () => explorer.more() }, text);
}

function sampleRows(explorer) {
  const rows = [];
  for (const position of explorer.visible.columns) {
    for (const row of explorer.visible.rows) {
      const model = explorer.leaderboard.models[row];
      for (let at = 0; at < model.places[position].length; at += 1) {
        const matches = !explorer.wanted.size || explorer.matches(model, position, at);
        if (matches) rows.push(() => sampleCells(explorer.leaderboard, position, row, at));
      }
    }
  }
  return rows;
}

function sampleCells(leaderboard, position, row, at) {
  const model = leaderboard.models[row];
  const letter = model.places[position][at];
  const lost = model.lost[`${position}/${at}`];
  const name = leaderboard.tasks[position] + (model.places[position].length > 1 ? ` (${at + 1})` : "");
  return [
    letter === "-" ? name : el("a", { href: `#${address.sample(leaderboard, position, row, at)}` }, name),
    el("code", {}, leaderboard.functions[position]),
    model.title,
    [badge(letter), lost ? badge(lost) : ""],
  ];
}

function pairRows({ leaderboard, compared, visible }) {
  return visible.columns.map((position) => () => [
    el("a", { href: `#${address.pair(leaderboard, position, ...compared)}` }, leaderboard.tasks[position]),
    el("code", {}, leaderboard.functions[position]),
    ...compared.map((row) =>
      badge(leaderboard.models[row].letters[position], outcomeOf(leaderboard.models[row], position)),
    ),
  ]);
}

/** What the matrix shows, for those who cannot see it: a row for each problem, a column for each model. */
function gridTable(explorer) {
  const { leaderboard, visible } = explorer;
  const heads = ["Problem", "Function", ...visible.rows.map((row) => leaderboard.models[row].title)];
  const cell = (row, position) => {
    const text = outcomeOf(leaderboard.models[row], position);
    const href = `#${address.sample(leaderboard, position, row, explorer.firstLit(row, position))}`;
    return leaderboard.models[row].letters[position] === "-" ? text : el("a", { href }, text);
  };
  const rows = visible.columns.map((position) => () => [
    leaderboard.tasks[position],
    el("code", {}, leaderboard.functions[position]),
    ...visible.rows.map((row) => cell(row, position)),
  ]);
  return table(heads, rows);
}

/** What became of a model's samples of a problem, in words. */
function outcomeOf(model, position) {
  const place = model.places[position];
  if (place.length > 1) return `${[...place].filter((letter) => letter === "p").length} of ${place.length} pass`;
  const lost = model.lost[`${position}/0`];
  return kinds.get(place).label + (lost ? `, ${kinds.get(lost).label}` : "");
}
