"use strict";
/* global el, badge, count, visible, textNodes, codeBlock, isEmpty */
// The parts of a sample: what was asked, what came, what was taken from it, and why it failed.
const RULES = {
  verbatim: "taken as it is",
  fence: "found in a code fence",
  plain: "the answer is code",
  text: "found between prose",
  continuation: "continues the prompt",
  other: "the longest Python in the answer; it does not define the function",
  none: "no code found",
};

const STATUSES = { pass: "passed", fail: "failed", timeout: "timed out" };

function ruleText(rule) {
  return RULES[rule] ?? (rule ? `rule ${rule}` : "");
}

function section(title, about, ...children) {
  return el(
    "section",
    { class: "part" },
    el("h3", {}, title, about ? el("span", { class: "about" }, about) : null),
    ...children,
  );
}

function prose(text) {
  return el("pre", { class: "prose", tabindex: "0" }, ...textNodes(text));
}

/** Where in the code an exception came from: its line, mapped to what it says. */
function blameOf(failure) {
  return failure?.error && failure.line > 0 ? new Map([[failure.line, visible(String(failure.error))]]) : new Map();
}

function lengthOf(text) {
  return typeof text === "string" ? text.length : text[0].length + text[1] + text[3].length;
}

function failureOf(sample, functionName) {
  const failure = sample.failure;
  if (!failure) return null;
  const before = failure.index === null || failure.index === undefined;
  const test = before ? "before the first test" : `${failure.suite ?? ""} test ${failure.index + 1}`.trim();
  const rows = [
    ["Input", callOf(functionName, failure.input)],
    ["Expected", failure.expected],
    ["Actual", failure.actual],
    [failure.line > 0 ? `Error, line ${failure.line}` : "Error", failure.error],
  ].filter(([, value]) => value !== undefined);
  const texts = rows.map(([name, value]) => [name, codeOf(value)]);
  return section("First failure", test, pairsOf(texts, "failure"));
}

function codeOf(value) {
  return el("code", {}, textNodes(typeof value === "object" ? value : String(value)));
}

/** Names and what they mean, as a list. */
function pairsOf(pairs, name) {
  return el("dl", { class: name }, pairs.map(([term, text]) => [el("dt", {}, term), el("dd", {}, text)]));
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
    sample.retried ? "re-run alone" : "",
    sample.origin,
  ].filter(Boolean);
}

function verdictOf(sample, suites) {
  const statuses = sample.statuses.map((status, at) => {
    const run = at === 0 || sample.all_run || status === "pass";
    return `${suites[at]} ${run ? STATUSES[status] : "not run"}`;
  });
  const lost = sample.lost ? badge(sample.lost) : null;
  const badges = sample.kind === "p" ? [badge("p"), lost] : [badge(sample.kind)];
  return el(
    "p",
    { class: "verdict" },
    badges,
    el("span", { class: "muted" }, statuses.join(", ")),
    factsOf(sample).map((fact) => el("span", { class: "muted" }, visible(fact))),
  );
}

function codeSection(sample) {
  const empty = isEmpty(sample.code);
  return section(
    "Code",
    ruleText(sample.rule),
    empty ? el("p", { class: "muted" }, "There is none.") : codeBlock(sample.code, blameOf(sample.failure)),
  );
}

function answerSection(sample) {
  if (sample.around) {
    const [before, after] = sample.around;
    const taken = el("span", { class: "taken" }, ...textNodes(sample.code));
    const whole = [...textNodes(before), taken, ...textNodes(after)];
    return section("Answer", "", el("pre", { class: "prose", tabindex: "0" }, ...whole));
  }
  if (sample.answer === null || sample.answer === undefined) {
    const why = "Not kept here: this solution was imported, or its journal is gone.";
    return section("Answer", "", el("p", { class: "muted" }, why));
  }
  return section("Answer", "", sample.answer === "" ? el("p", { class: "muted" }, "Empty.") : prose(sample.answer));
}

function thoughtsOf(sample) {
  if (isEmpty(sample.thoughts)) return null;
  return el(
    "details",
    { class: "part" },
    el("summary", {}, `Reasoning, ${count(lengthOf(sample.thoughts), "character")}`),
    prose(sample.thoughts),
  );
}

function promptOf(sample) {
  return isEmpty(sample.prompt) ? null : section("Prompt", "", codeBlock(sample.prompt));
}
