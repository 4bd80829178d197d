"use strict";
/* global el, kinds, badge, count, counts, total, differ, sampleOf, address, section, diffOf */
/* global pairsOf, verdictOf, failureOf, codeSection, answerSection, thoughtsOf, promptOf */
// The pages behind addresses: a sample, and two models' samples side by side.

/** Links to the neighbours of a problem in an order; `to` makes their addresses. */
function stepsOf(order, position, to) {
  const at = order.indexOf(position);
  const link = (step, text, rel) => {
    const target = order[at + step];
    return target === undefined
      ? el("span", { class: "quiet", "aria-disabled": "true" }, text)
      : el("a", { class: "quiet", rel, href: `#${to(target)}` }, text);
  };
  return el(
    "nav",
    { class: "steps", "aria-label": "Problems" },
    link(-1, "← harder", "prev"),
    link(1, "easier →", "next"),
  );
}

function othersOf(leaderboard, position, row) {
  if (leaderboard.models.length < 2) return null;
  const links = leaderboard.models.map((model, other) => {
    const letter = model.letters[position];
    const text = badge(letter, model.title);
    if (other === row) return el("li", {}, el("span", { class: "chip", "aria-current": "page" }, text));
    const href = letter === "-" ? null : `#${address.sample(leaderboard, position, other, 0)}`;
    return el("li", {}, el(href ? "a" : "span", { class: "chip", href }, text));
  });
  const passing = leaderboard.models.filter((model) => model.passes[position] > 0).length;
  return el(
    "details",
    { class: "part others", open: leaderboard.models.length <= 12 },
    el("summary", {}, `The others on this problem: ${passing} of ${count(leaderboard.models.length, "model")} pass`),
    el("ul", { class: "chips" }, links),
  );
}

function compareWith(leaderboard, position, row) {
  const options = leaderboard.models.flatMap((model, other) =>
    other === row ? [] : [el("option", { value: other }, model.title)],
  );
  if (!options.length) return null;
  const go = (event) => {
    if (event.target.value) location.hash = address.pair(leaderboard, position, row, Number(event.target.value));
  };
  return el(
    "label",
    { class: "compare" },
    "Side by side with ",
    el("select", { onchange: go }, el("option", { value: "" }, "another model"), options),
  );
}

/** The way back, the way on to the neighbours in an order, and the problem's name. */
function headOf(leaderboard, position, order, to) {
  const name = leaderboard.functions[position];
  return [
    el("p", { class: "crumb" }, el("a", { href: "#", class: "back" }, "← All results"), stepsOf(order, position, to)),
    el("h1", { tabindex: "-1" }, leaderboard.tasks[position], name ? el("code", {}, name) : null),
  ];
}

function partsOf(sample, name, suites) {
  const left = el("div", {}, failureOf(sample, name), codeSection(sample));
  const right = el("div", {}, answerSection(sample), thoughtsOf(sample), promptOf(sample));
  return [verdictOf(sample, suites), el("div", { class: "columns" }, left, right)];
}

async function samplePage(leaderboard, position, row, number) {
  const model = leaderboard.models[row];
  const sample = await sampleOf(leaderboard, position, row, number);
  const name = leaderboard.functions[position];
  const link = el("a", { href: `#${address.model(leaderboard, row)}` }, model.title);
  const head = [
    headOf(leaderboard, position, leaderboard.order, (target) => address.sample(leaderboard, target, row, 0)),
    el("p", { class: "who" }, el("strong", {}, link), compareWith(leaderboard, position, row)),
    model.places[position].length > 1 ? numberLinks(leaderboard, position, row, number) : null,
  ];
  const body = sample.kind ? partsOf(sample, name, leaderboard.suites) : [el("p", {}, badge("-")), promptOf(sample)];
  return [head, body, othersOf(leaderboard, position, row)];
}

function numberLinks(leaderboard, position, row, current) {
  const letters = [...leaderboard.models[row].places[position]];
  return el(
    "nav",
    { class: "chips", "aria-label": "Samples" },
    letters.map((letter, at) => {
      const href = `#${address.sample(leaderboard, position, row, at)}`;
      return el(
        "a",
        { class: "chip", href, "aria-current": at === current ? "page" : null },
        badge(letter, String(at + 1)),
      );
    }),
  );
}

/** Two models' samples of a problem, side by side; of several samples the first that does not pass. */
async function pairPage(leaderboard, position, rows) {
  const name = leaderboard.functions[position];
  const numbers = rows.map((row) => Math.max(0, leaderboard.models[row].places[position].search(/[^p]/)));
  const samples = await Promise.all(rows.map((row, side) => sampleOf(leaderboard, position, row, numbers[side])));
  const diff = samples.every((sample) => sample.kind) ? diffOf(...samples.map((sample) => sample.code)) : null;
  const sides = rows.map((row, side) => {
    const title = leaderboard.models[row].title;
    const href = `#${address.sample(leaderboard, position, row, numbers[side])}`;
    return sideOf(samples[side], el("a", { href }, title), leaderboard, name, diff === null);
  });
  const [a, b] = rows.map((row) => leaderboard.models[row]);
  const order = leaderboard.order.filter((at) => at === position || differ(a, b, at));
  return [
    headOf(leaderboard, position, order, (target) => address.pair(leaderboard, target, ...rows)),
    promptOf(samples[0]),
    el("div", { class: "columns pair" }, sides),
    diff ? section("Code, line by line", "lines that differ are marked", diff) : null,
  ];
}

function sideOf(sample, title, leaderboard, name, withCode) {
  if (!sample.kind) return el("div", {}, el("h2", {}, title), badge("-"));
  const code = withCode ? codeSection(sample) : null;
  return el("div", {}, el("h2", {}, title), verdictOf(sample, leaderboard.suites), failureOf(sample, name), code);
}

/** A model: its figures, its failures by kind, and how it was run. */
function modelPage(leaderboard, row) {
  const model = leaderboard.models[row];
  const letters = [...kinds.keys()].filter((letter) => letter !== "p" && total([model], letter));
  const parts = letters.map((letter) => failuresOf(leaderboard, row, letter));
  return [
    el("p", { class: "crumb" }, el("a", { href: "#", class: "back" }, "← All results")),
    el("h1", { tabindex: "-1" }, model.title, el("code", {}, leaderboard.title)),
    el("div", { class: "columns" }, section("Figures", "", pairsOf(model.figures)), section("Run", "", pairsOf(model.facts))),
    el("h2", {}, "What failed, by kind"),
    ...(parts.length ? parts : [el("p", { class: "muted" }, "Nothing.")]),
  ];
}

function failuresOf(leaderboard, row, letter) {
  const model = leaderboard.models[row];
  const places = leaderboard.order.flatMap((position) =>
    [...model.places[position]].flatMap((_, at) => (counts(model, position, at, letter) ? [[position, at]] : [])),
  );
  const items = places.map(([position, at]) => {
    const text = `${leaderboard.tasks[position]} ${leaderboard.functions[position]}`.trim();
    const href = letter === "-" ? null : `#${address.sample(leaderboard, position, row, at)}`;
    return el("li", {}, el(href ? "a" : "span", { href }, text));
  });
  return el(
    "section",
    { class: "part" },
    el("h3", {}, badge(letter), el("span", { class: "about" }, `${places.length}: ${kinds.get(letter).about}`)),
    el("ul", { class: "problems" }, items),
  );
}
