"use strict";
/* global el, badge, kind, count, visible, textNodes, codeBlock, isEmpty, sampleOf, address, summary, differ */
// The page of a sample: what was asked, what came, what was taken from it, and why it failed.
const RULES = {
  verbatim: "taken as it is",
  fence: "found in a code fence",
  plain: "the answer is code",
  text: "found between prose",
  continuation: "continues the prompt",
  other: "the longest Python in the answer; it does not define the function",
  none: "no code found",
};

function sayRule(rule) {
  return RULES[rule] ?? (rule ? `rule ${rule}` : "");
}

function section(title, about, ...children) {
  return el("section", { class: "part" }, el("h3", {}, title, about ? el("span", { class: "about" }, about) : null), ...children);
}

function prose(text) {
  return el("pre", { class: "prose", tabindex: "0" }, ...textNodes(text));
}

/** Where in the code an exception came from: its line, mapped to what it says. */
function blameOf(failure) {
  return failure && failure.error && failure.line > 0 ? new Map([[failure.line, visible(String(failure.error))]]) : new Map();
}

function lengthOf(text) {
  return typeof text === "string" ? text.length : text[0].length + text[1] + text[3].length;
}

function failureOf(sample, functionName) {
  const failure = sample.failure;
  if (!failure) return [];
  const test = failure.index === null || failure.index === undefined ? "before the first test" : `${failure.suite ?? ""} test ${failure.index + 1}`.trim();
  const rows = [];
  if (failure.input !== undefined) rows.push(["Input", callOf(functionName, failure.input)]);
  if (failure.expected !== undefined) rows.push(["Expected", failure.expected]);
  if (failure.actual !== undefined) rows.push(["Actual", failure.actual]);
  if (failure.error !== undefined) rows.push([failure.line > 0 ? `Error, line ${failure.line}` : "Error", failure.error]);
  return [
    section(
      "First failure",
      test,
      el("dl", { class: "failure" }, rows.map(([name, value]) => [el("dt", {}, name), el("dd", {}, el("code", {}, ...textNodes(typeof value === "object" ? value : String(value))))])),
    ),
  ];
}

/** Arguments as the call that they are part of. */
function callOf(functionName, input) {
  if (typeof input !== "string" || !functionName) return input;
  const inner = /^[[(]([^]*)[\])]$/.exec(input.trim());
  return inner ? `${functionName}(${inner[1].replace(/,$/, "")})` : input;
}

function factsOf(sample) {
  return [
    sample.tokens ? count(sample.tokens, "token") : "",
    sample.seconds ? `${sample.seconds.toLocaleString("en", { maximumFractionDigits: 1 })} s` : "",
    sample.retried ? "graded twice" : "",
    sample.origin,
  ].filter(Boolean);
}

function verdictOf(sample) {
  const plus = sample.plus_run || sample.plus === "pass" ? sample.plus : "not run";
  const lost = sample.lost ? badge({ truncated: "x", empty: "e", "no code": "n", error: "r", timeout: "l" }[sample.lost] ?? "r") : null;
  const shown = sample.kind === "p" ? [badge("p"), lost] : [badge(sample.kind)];
  return el("p", { class: "verdict" }, shown, el("span", { class: "muted" }, `base ${sample.base}, plus ${plus}`), factsOf(sample).map((fact) => el("span", { class: "muted" }, visible(fact))));
}

function codeSection(sample) {
  const empty = isEmpty(sample.code);
  return section("Code", sayRule(sample.rule), empty ? el("p", { class: "muted" }, "There is none.") : codeBlock(sample.code, blameOf(sample.failure)));
}

function answerSection(sample) {
  if (sample.around) {
    const [before, after] = sample.around;
    return section("Answer", "", el("pre", { class: "prose", tabindex: "0" }, ...textNodes(before), el("span", { class: "taken" }, ...textNodes(sample.code)), ...textNodes(after)));
  }
  if (sample.answer === null || sample.answer === undefined) {
    return section("Answer", "", el("p", { class: "muted" }, "Not kept here: this solution was imported, or its journal is gone."));
  }
  return section("Answer", "", sample.answer === "" ? el("p", { class: "muted" }, "Empty.") : prose(sample.answer));
}

function thoughtsOf(sample) {
  if (isEmpty(sample.thoughts)) return null;
  return el("details", { class: "part" }, el("summary", {}, `Reasoning, ${count(lengthOf(sample.thoughts), "character")}`), prose(sample.thoughts));
}

function promptOf(sample) {
  return isEmpty(sample.prompt) ? null : section("Prompt", "", codeBlock(sample.prompt));
}

/** Links to the neighbours in the order of the matrix: {previous, next} problems of the same kind of page. */
function stepsOf(board, position, to) {
  const order = board.order;
  const at = order.indexOf(position);
  const link = (step, text, rel) => {
    const target = order[at + step];
    return target === undefined ? el("span", { class: "quiet", "aria-disabled": "true" }, text) : el("a", { class: "quiet", rel, href: `#${to(target)}` }, text);
  };
  return el("nav", { class: "steps", "aria-label": "Problems" }, link(-1, "← harder", "prev"), link(1, "easier →", "next"));
}

function othersOf(board, position, row) {
  if (board.models.length < 2) return null;
  const links = board.models.map((model, other) => {
    const letter = summary(model.places[position]);
    const text = badge(letter, model.title);
    if (other === row) return el("li", {}, el("span", { class: "chip", "aria-current": "page" }, text));
    return el("li", {}, letter === "-" ? el("span", { class: "chip" }, text) : el("a", { class: "chip", href: `#${address.sample(board, position, other, 0)}` }, text));
  });
  const passing = board.models.filter((model) => model.passes[position] > 0).length;
  return el("details", { class: "part others", open: board.models.length <= 12 }, el("summary", {}, `The others on this problem: ${passing} of ${count(board.models.length, "model")} pass`), el("ul", { class: "chips" }, links));
}

function compareWith(board, position, row) {
  const options = board.models.flatMap((model, other) => (other === row ? [] : [el("option", { value: other }, model.title)]));
  if (!options.length) return null;
  const go = (event) => event.target.value && (location.hash = address.pair(board, position, row, Number(event.target.value)));
  return el("label", { class: "compare" }, "Side by side with ", el("select", { onchange: go }, el("option", { value: "" }, "another model"), options));
}

async function samplePage(board, position, row, number) {
  const model = board.models[row];
  const sample = await sampleOf(board, position, row, number);
  const name = board.functions[position];
  const head = [
    el("p", { class: "crumb" }, el("a", { href: "#" , class: "back" }, "← All results"), stepsOf(board, position, (target) => address.sample(board, target, row, 0))),
    el("h1", { tabindex: "-1" }, board.tasks[position], name ? el("code", {}, name) : null),
    el("p", { class: "who" }, el("strong", {}, model.title), compareWith(board, position, row)),
  ];
  if (model.places[position].length > 1) head.push(numberLinks(board, position, row, number));
  if (!sample.kind) return [...head, el("p", {}, badge("-")), promptOf(sample), othersOf(board, position, row)].filter(Boolean);
  return [
    ...head,
    verdictOf(sample),
    el(
      "div",
      { class: "columns" },
      el("div", {}, ...failureOf(sample, name), codeSection(sample)),
      el("div", {}, answerSection(sample), thoughtsOf(sample), promptOf(sample)),
    ),
    othersOf(board, position, row),
  ].filter(Boolean);
}

function numberLinks(board, position, row, current) {
  const letters = [...board.models[row].places[position]];
  return el(
    "nav",
    { class: "chips", "aria-label": "Samples" },
    letters.map((letter, at) => el("a", { class: "chip", href: `#${address.sample(board, position, row, at)}`, "aria-current": at === current ? "page" : null }, badge(letter, String(at + 1)))),
  );
}

/** Two models' samples of a problem, side by side; of several samples the first that does not pass. */
async function pairPage(board, position, rows) {
  const name = board.functions[position];
  const sides = await Promise.all(rows.map((row) => sideOf(board, position, row, name)));
  return [
    el("p", { class: "crumb" }, el("a", { href: "#", class: "back" }, "← All results"), differingSteps(board, position, rows)),
    el("h1", { tabindex: "-1" }, board.tasks[position], name ? el("code", {}, name) : null),
    el("div", { class: "columns pair" }, sides),
  ];
}

async function sideOf(board, position, row, name) {
  const model = board.models[row];
  const at = Math.max(0, [...model.places[position]].findIndex((letter) => letter !== "p"));
  const sample = await sampleOf(board, position, row, at);
  if (!sample.kind) return el("div", {}, el("h2", {}, model.title), badge("-"));
  const title = el("a", { href: `#${address.sample(board, position, row, at)}` }, model.title);
  return el("div", {}, el("h2", {}, title), verdictOf(sample), ...failureOf(sample, name), codeSection(sample));
}

function differingSteps(board, position, rows) {
  const [a, b] = rows.map((row) => board.models[row]);
  const order = board.order.filter((at) => at === position || differ(a, b, at));
  return stepsOf({ ...board, order }, position, (target) => address.pair(board, target, ...rows));
}
