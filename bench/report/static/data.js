"use strict";
/* global el */
const page = JSON.parse(document.getElementById("index").textContent);
const leaderboards = new Map(page.leaderboards.map((leaderboard) => [leaderboard.dataset, leaderboard]));

for (const leaderboard of page.leaderboards) {
  leaderboard.position = new Map(leaderboard.tasks.map((task, at) => [task, at]));
  leaderboard.row = new Map(leaderboard.models.map((model, at) => [model.id, at]));
  for (const model of leaderboard.models) {
    // One letter a problem, or words of letters where there are several samples.
    model.places = model.cells.length === leaderboard.tasks.length ? [...model.cells] : model.cells.split(" ");
    model.letters = model.places.map(summary);
    model.passes = model.places.map((place) => [...place].filter((letter) => letter === "p").length / place.length);
  }
  const depths = leaderboard.models.flatMap((model) => model.places.map((place) => place.length));
  leaderboard.deepest = Math.max(1, ...depths);
  // A duel that was settled early has no score, and asked a part of the problems.
  leaderboard.scored = leaderboard.models.filter((model) => !model.duel);
  leaderboard.passing = leaderboard.tasks.map((_, at) =>
    leaderboard.scored.reduce((sum, model) => sum + model.passes[at], 0),
  );
}

/** The outcomes by letter, in the order of their table. */
const kinds = new Map(
  page.kinds.map(([letter, key, label, about, sign]) => [letter, { letter, key, label, about, sign }]),
);

/** A kind of outcome as people see it: a coloured mark, and its name. */
function badge(letter, text = kinds.get(letter).label) {
  const { key, sign, about } = kinds.get(letter);
  return el("span", { class: "badge", title: about }, el("span", { class: `mark k-${key}`, "aria-hidden": "true" }, sign), text);
}

/** How many samples of a model, or of all, count as an outcome. */
function total(models, letter) {
  let number = 0;
  for (const model of models) {
    model.places.forEach((place, position) => {
      for (let at = 0; at < place.length; at += 1) number += counts(model, position, at, letter) ? 1 : 0;
    });
  }
  return number;
}

/** Whether a sample counts as an outcome: by its verdict, or by what was lost though it passes. */
function counts(model, position, at, letter) {
  if (letter === "-" && model.duel) return false;
  return model.places[position][at] === letter || model.lost[`${position}/${at}`] === letter;
}

/** The letter that stands for all samples of a place: the one they share, or that of the first that does not pass. */
function summary(place) {
  return place.match(/[^p]/)?.[0] ?? "p";
}

/** Whether two models that both tried a problem pass it differently often. */
function differ(a, b, position) {
  const tried = a.places[position] !== "-" && b.places[position] !== "-";
  return tried && a.passes[position] !== b.passes[position];
}

const unpacked = new Map();

/** The texts of one problem: its prompt, what every model answered, and their thoughts. */
function block(leaderboard, position) {
  const id = `b-${leaderboard.dataset}-${position}`;
  if (!unpacked.has(id)) unpacked.set(id, unpack(document.getElementById(id).textContent));
  return unpacked.get(id);
}

async function unpack(packed) {
  const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

/** The texts of one sample, found by its model and number, with its thoughts; the prompt alone where there is none. */
async function sampleOf(leaderboard, position, row, number) {
  const texts = await block(leaderboard, position);
  const at = texts.samples.findIndex((sample) => sample.model === row && sample.number === number);
  return { ...texts.samples[at], thoughts: texts.thoughts[at], prompt: texts.prompt };
}
