"use strict";
/* global el, boards, kind, badge, counts, summary, count, Matrix, address */
// Below each matrix: what is filtered, and the samples that are left as a list of links.
const PAGE = 60;

class Explorer {
  constructor(host) {
    this.board = boards.get(host.dataset.board);
    this.wanted = new Set();
    this.pair = ["", ""];
    this.words = [];
    this.allPass = true;
    this.limit = PAGE;
    this.status = el("p", { class: "status", role: "status" });
    this.list = el("div", { class: "found" });
    const stage = el("div", {});
    host.append(this.controls(), this.status, stage, this.legend(), this.list);
    this.matrix = new Matrix(this.board, stage, {
      describe: (place) => this.describe(place),
      open: (place) => this.open(place),
    });
    this.update();
  }

  /** How many samples count as an outcome. */
  total(letter) {
    let total = 0;
    for (const model of this.board.models) {
      model.places.forEach((place, position) => {
        for (let at = 0; at < place.length; at += 1) total += counts(model, position, at, letter) ? 1 : 0;
      });
    }
    return total;
  }

  controls() {
    const chips = Object.keys(kind.glyph)
      .map((letter) => [letter, this.total(letter)])
      .filter(([, total]) => total > 0)
      .map(([letter, total]) => this.chip(letter, total));
    const search = el("input", { type: "search", placeholder: "Problem or function", "aria-label": "Search problems", oninput: (event) => this.search(event.target.value) });
    const easy = el("input", { type: "checkbox", checked: true, onchange: (event) => this.set({ allPass: event.target.checked }) });
    return el(
      "div",
      { class: "controls" },
      el("div", { class: "chips", role: "group", "aria-label": "Outcomes" }, chips),
      el(
        "div",
        { class: "fields" },
        search,
        el("span", { class: "pair" }, el("label", {}, "Where ", this.picker(0)), el("label", {}, " and ", this.picker(1)), " differ"),
        el("label", { class: "check" }, easy, "hide problems that all pass"),
        el("button", { type: "button", class: "quiet", onclick: () => this.reset() }, "Reset"),
      ),
    );
  }

  chip(letter, total) {
    return el(
      "button",
      { type: "button", class: "chip", "aria-pressed": "false", "data-kind": kind.word(letter), onclick: (event) => this.toggle(letter, event.currentTarget) },
      badge(letter),
      el("span", { class: "n" }, total.toLocaleString("en")),
    );
  }

  picker(side) {
    const options = this.board.models.map((model) => el("option", { value: model.id }, model.title));
    const label = side ? "Second model" : "First model";
    return el("select", { "aria-label": label, onchange: (event) => this.pick(side, event.target.value) }, el("option", { value: "" }, side ? "another" : "one model"), options);
  }

  toggle(letter, button) {
    if (!this.wanted.delete(letter)) this.wanted.add(letter);
    button.setAttribute("aria-pressed", String(this.wanted.has(letter)));
    this.set({});
  }

  pick(side, id) {
    this.pair[side] = id;
    this.set({});
  }

  search(text) {
    this.set({ words: text.toLowerCase().split(/\s+/).filter(Boolean) });
  }

  set(changes) {
    Object.assign(this, changes, { limit: PAGE });
    this.update();
  }

  reset() {
    this.wanted.clear();
    this.pair = ["", ""];
    const host = this.list.parentElement;
    for (const chip of host.querySelectorAll(".chip")) chip.setAttribute("aria-pressed", "false");
    for (const select of host.querySelectorAll("select")) select.value = "";
    host.querySelector("input[type=search]").value = "";
    host.querySelector("input[type=checkbox]").checked = true;
    this.set({ words: [], allPass: true });
  }

  /** The two rows to compare, or null. */
  get compared() {
    const rows = this.pair.map((id) => this.board.row.get(id));
    return rows.every((row) => row !== undefined) && rows[0] !== rows[1] ? rows : null;
  }

  lit(model, position) {
    if (!this.wanted.size) return true;
    const place = model.places[position];
    return [...place].some((_, at) => [...this.wanted].some((letter) => counts(model, position, at, letter)));
  }

  keeps(position) {
    const name = `${this.board.tasks[position]} ${this.board.functions[position]}`.toLowerCase();
    if (!this.words.every((word) => name.includes(word))) return false;
    if (this.compared) {
      const [a, b] = this.compared.map((row) => this.board.models[row]);
      return differ(a, b, position) && (this.lit(a, position) || this.lit(b, position));
    }
    if (this.wanted.size) return this.board.models.some((model) => this.lit(model, position));
    return !this.allPass || this.board.passing[position] < this.board.models.length;
  }

  update() {
    const rows = this.compared ?? this.board.models.map((_, row) => row);
    const columns = this.board.order.filter((position) => this.keeps(position));
    this.shown = { rows, columns };
    this.matrix.show(rows, columns, (model, position) => this.lit(model, position));
    this.say(columns);
    this.fill();
  }

  say(columns) {
    const all = this.board.tasks.length;
    if (!this.compared) {
      this.status.textContent = `${count(columns.length, "problem")} of ${all}${this.wanted.size || this.words.length ? "" : ", hard ones at the left"}`;
      return;
    }
    const [a, b] = this.compared.map((row) => this.board.models[row]);
    const ahead = (one, other) => this.board.tasks.filter((_, position) => differ(a, b, position) && one.passes[position] > other.passes[position]).length;
    const [first, second] = [ahead(a, b), ahead(b, a)];
    this.status.textContent =
      `They differ on ${first + second} of ${count(all, "problem")}: ${a.title} is ahead on ${first}, ${b.title} on ${second}${this.test()}. ` +
      (columns.length === first + second ? "" : `${columns.length} of them match the filters.`);
  }

  /** What the report's test says of the two, where both are ranked. */
  test() {
    const places = this.compared.map((row) => this.board.ranked.indexOf(row)).sort((a, b) => a - b);
    if (places[0] < 0) return "";
    const [n, [i, j]] = [this.board.ranked.length, places];
    const [p, corrected] = this.board.pairs[i * n - (i * (i + 1)) / 2 + (j - i - 1)];
    const more = this.board.pairs.length > 1 ? `; ${sayP(corrected)} when corrected for ${this.board.pairs.length} pairs` : "";
    return ` (exact test: ${sayP(p)}${more})`;
  }

  legend() {
    return el("p", { class: "legend" }, "The bar above a column is the share of models that pass. ", this.board.deepest > 1 ? "A place with several samples is filled by the share that pass." : "");
  }

  describe({ row, position }) {
    const model = this.board.models[row];
    const passing = Math.round(this.board.passing[position] * 10) / 10;
    return [
      el("strong", {}, this.board.tasks[position]),
      this.board.functions[position] ? el("code", {}, this.board.functions[position]) : null,
      el("span", {}, model.title),
      badge(summary(model.places[position]), this.outcome(model, position)),
      el("span", { class: "muted" }, `${passing} of ${count(this.board.models.length, "model")} pass`),
    ].filter(Boolean);
  }

  outcome(model, position) {
    const place = model.places[position];
    if (place.length > 1) return `${[...place].filter((letter) => letter === "p").length} of ${place.length} pass`;
    const lost = model.lost[`${position}/0`];
    return kind.label(place) + (lost ? `, ${kind.label(lost)}` : "");
  }

  open({ row, position }) {
    location.hash = this.compared ? address.pair(this.board, position, ...this.compared) : address.sample(this.board, position, row, this.firstLit(row, position));
  }

  /** The number of the first sample of a place that the filter is about. */
  firstLit(row, position) {
    const model = this.board.models[row];
    const found = [...model.places[position]].findIndex((_, at) => [...this.wanted].some((letter) => counts(model, position, at, letter)));
    return Math.max(0, found);
  }

  fill() {
    const rows = this.compared ? this.pairRows() : this.sampleRows();
    const head = this.compared ? ["Problem", "Function", ...this.compared.map((row) => this.board.models[row].title)] : ["Problem", "Function", "Model", "Outcome"];
    if (!this.compared && !this.wanted.size && !this.words.length) {
      this.list.replaceChildren(el("p", { class: "muted" }, "Choose an outcome, a problem or two models to list samples here."));
      return;
    }
    const shown = rows.slice(0, this.limit);
    const more = rows.length - shown.length;
    this.list.replaceChildren(
      el("p", { class: "muted", "data-total": rows.length }, this.compared ? count(rows.length, "problem") : count(rows.length, "sample")),
      el("div", { class: "wide" }, el("table", {}, el("thead", {}, el("tr", {}, head.map((name) => el("th", { scope: "col" }, name)))), el("tbody", {}, shown.map((row) => row())))),
      more > 0 ? el("button", { type: "button", class: "quiet", onclick: () => this.more() }, `Show ${Math.min(more, PAGE * 4)} more of ${more.toLocaleString("en")}`) : "",
    );
  }

  more() {
    this.limit += PAGE * 4;
    this.fill();
  }

  /** A function for each row, so that only those on show are made. */
  sampleRows() {
    const found = [];
    for (const position of this.shown.columns) {
      for (const row of this.shown.rows) {
        const model = this.board.models[row];
        [...model.places[position]].forEach((letter, at) => {
          const matches = !this.wanted.size || [...this.wanted].some((wanted) => counts(model, position, at, wanted));
          if (matches) found.push(() => this.sampleRow(model, row, position, at, letter));
        });
      }
    }
    return found;
  }

  sampleRow(model, row, position, at, letter) {
    const lost = model.lost[`${position}/${at}`];
    const name = this.board.tasks[position] + (model.places[position].length > 1 ? ` (${at + 1})` : "");
    const cell = letter === "-" ? name : el("a", { href: `#${address.sample(this.board, position, row, at)}` }, name);
    return el("tr", {}, el("td", {}, cell), el("td", {}, el("code", {}, this.board.functions[position])), el("td", {}, model.title), el("td", {}, badge(letter), lost ? badge(lost) : ""));
  }

  pairRows() {
    return this.shown.columns.map((position) => () => {
      const link = el("a", { href: `#${address.pair(this.board, position, ...this.compared)}` }, this.board.tasks[position]);
      const outcomes = this.compared.map((row) => el("td", {}, badge(summary(this.board.models[row].places[position]), this.outcome(this.board.models[row], position))));
      return el("tr", {}, el("td", {}, link), el("td", {}, el("code", {}, this.board.functions[position])), outcomes);
    });
  }
}

function sayP(p) {
  return p < 0.001 ? "p < 0.001" : `p = ${p.toFixed(p < 0.01 ? 3 : 2)}`;
}

/** Whether two models that both tried a problem pass it differently often. */
function differ(a, b, position) {
  const tried = a.places[position] !== "-" && b.places[position] !== "-";
  return tried && a.passes[position] !== b.passes[position];
}
