"use strict";
/* global el, fill, leaderboards, kinds, badge, counts, total, differ, count, Matrix, address, listNodes */
/* global gridTable, outcomeOf, FIRST, MORE, remember */
// Around each matrix: what is filtered, and what is left of it.
class Explorer {
  constructor(host) {
    this.leaderboard = leaderboards.get(host.dataset.leaderboard);
    this.host = host;
    this.status = el("p", { class: "status", role: "status" });
    this.list = el("div", { class: "listing" });
    this.grid = el("div", {});
    const toggle = el("summary", {}, "As a table");
    this.folded = el("details", { class: "grid", ontoggle: () => this.fillGrid() }, toggle, this.grid);
    this.matrix = new Matrix(this);
    this.form = this.controls();
    host.append(this.form, this.status, ...this.matrix.nodes, this.legend(), this.folded, this.list);
    this.update();
  }

  /** The filters are what is chosen in this form. */
  controls() {
    const { models } = this.leaderboard;
    const picker = (name, label, none) => {
      const options = models.map((model) => el("option", { value: model.id }, model.title));
      return el("select", { name, "aria-label": label }, el("option", { value: "" }, none), options);
    };
    const chips = [...kinds.values()].map((kind) => this.chip(kind));
    const first = el("label", {}, "Where ", picker("a", "First model", "one model"));
    const second = el("label", {}, " and ", picker("b", "Second model", "another"));
    const hide = el("input", { type: "checkbox", name: "hide", checked: true });
    const reset = () => {
      this.form.reset();
      this.changed();
    };
    const keep = (event) => event.preventDefault();
    return el(
      "form",
      { class: "controls", autocomplete: "off", oninput: () => this.changed(), onsubmit: keep },
      el("div", { class: "chips", role: "group", "aria-label": "Outcomes" }, chips),
      el(
        "div",
        { class: "fields" },
        el("input", { type: "search", name: "q", placeholder: "Problem or function", "aria-label": "Search problems" }),
        el("span", { class: "pair", hidden: models.length < 2 }, first, second, " differ"),
        el("label", { class: "check" }, hide, "hide problems that all pass"),
        el("button", { type: "button", class: "quiet", onclick: reset }, "Reset"),
      ),
    );
  }

  chip({ letter, key }) {
    const number = total(this.leaderboard.models, letter);
    if (!number) return null;
    const box = el("input", { type: "checkbox", name: "only", value: key });
    const figure = el("span", { class: "n" }, number.toLocaleString("en"));
    return el("label", { class: "chip", "data-kind": key }, box, badge(letter), figure);
  }

  /** A change by the reader: shown, and kept in the address. */
  changed() {
    this.update();
    remember(this.leaderboard.dataset, this.state());
  }

  /** The filters as the address holds them; what is as at the beginning is left out. */
  state() {
    const form = new FormData(this.form);
    return {
      only: form.getAll("only").join(","),
      q: wordsOf(form.get("q")).join(" "),
      a: form.get("a"),
      b: form.get("b"),
      all: form.has("hide") ? "" : "1",
    };
  }

  /** Filters from an address; what it does not have, or nobody knows, is as at the beginning. */
  restore({ only = "", q = "", a = "", b = "", all = "" }) {
    const { elements } = this.form;
    for (const box of this.form.querySelectorAll("[name=only]")) box.checked = only.split(",").includes(box.value);
    elements.q.value = q;
    elements.hide.checked = all !== "1";
    [elements.a.value, elements.b.value] = [a, b].map((id) => (this.leaderboard.row.has(id) ? id : ""));
    this.update();
  }

  /** The two rows to compare, or null. */
  get compared() {
    const rows = this.pair.map((id) => this.leaderboard.row.get(id));
    return rows.every((row) => row !== undefined) && rows[0] !== rows[1] ? rows : null;
  }

  lit(model, position) {
    if (!this.wanted.size) return true;
    return [...model.places[position]].some((_, at) => this.matches(model, position, at));
  }

  keeps(position) {
    const name = `${this.leaderboard.tasks[position]} ${this.leaderboard.functions[position]}`.toLowerCase();
    if (!this.words.every((word) => name.includes(word))) return false;
    if (this.compared) {
      const [a, b] = this.compared.map((row) => this.leaderboard.models[row]);
      return differ(a, b, position) && (this.lit(a, position) || this.lit(b, position));
    }
    if (this.wanted.size) return this.leaderboard.models.some((model) => this.lit(model, position));
    return !this.allPass || this.leaderboard.passing[position] < this.leaderboard.scored.length;
  }

  update() {
    const { only, q, a, b, all } = this.state();
    const keys = only.split(",");
    this.wanted = new Set([...kinds.values()].filter(({ key }) => keys.includes(key)).map(({ letter }) => letter));
    Object.assign(this, { pair: [a, b], words: wordsOf(q), allPass: !all, limit: FIRST });
    const rows = this.compared ?? this.leaderboard.models.map((_, row) => row);
    const columns = this.leaderboard.order.filter((position) => this.keeps(position));
    this.visible = { rows, columns };
    this.matrix.show(rows, columns);
    this.fillGrid();
    this.describeAll(columns);
    fill(this.list, listNodes(this));
  }

  /** The matrix as a table has a cell for each place, and is made when it is unfolded. */
  fillGrid() {
    fill(this.grid, this.folded.open ? gridTable(this) : null);
  }

  describeAll(columns) {
    const all = this.leaderboard.tasks.length;
    if (!this.compared) {
      const order = this.wanted.size || this.words.length ? "" : ", hard ones at the left";
      this.status.textContent = `${count(columns.length, "problem")} of ${all}${order}`;
      return;
    }
    const [a, b] = this.compared.map((row) => this.leaderboard.models[row]);
    const apart = this.leaderboard.tasks.map((_, position) => position).filter((position) => differ(a, b, position));
    const first = apart.filter((position) => a.passes[position] > b.passes[position]).length;
    const second = apart.length - first;
    this.status.textContent =
      `They differ on ${apart.length} of ${count(all, "problem")}: ` +
      `${a.title} is ahead on ${first}, ${b.title} on ${second}${testOf(this.leaderboard, this.compared)}. ` +
      (columns.length === apart.length ? "" : `${columns.length} of them match the filters.`);
  }

  legend() {
    const several = "A place with several samples is filled by the share that pass.";
    const bars = "The bar above a column is the share of models that pass. ";
    return el("p", { class: "legend" }, bars, this.leaderboard.deepest > 1 ? several : "");
  }

  describe({ row, position }) {
    const model = this.leaderboard.models[row];
    const passing = Math.round(this.leaderboard.passing[position] * 10) / 10;
    return [
      el("strong", {}, this.leaderboard.tasks[position]),
      this.leaderboard.functions[position] ? el("code", {}, this.leaderboard.functions[position]) : null,
      el("span", {}, model.title),
      badge(model.letters[position], outcomeOf(model, position)),
      el("span", { class: "muted" }, `${passing} of ${count(this.leaderboard.scored.length, "model")} pass`),
    ];
  }

  open({ row, position }) {
    location.hash = this.compared
      ? address.pair(this.leaderboard, position, ...this.compared)
      : address.sample(this.leaderboard, position, row, this.firstLit(row, position));
  }

  /** Whether a sample has one of the outcomes that are wanted. */
  matches(model, position, at) {
    return [...this.wanted].some((letter) => counts(model, position, at, letter));
  }

  /** The number of the first sample of a place that the filter is about. */
  firstLit(row, position) {
    const model = this.leaderboard.models[row];
    const first = [...model.places[position]].findIndex((_, at) => this.matches(model, position, at));
    return Math.max(0, first);
  }

  more() {
    this.limit += MORE;
    fill(this.list, listNodes(this));
  }
}

function wordsOf(text) {
  return text.toLowerCase().split(/\s+/).filter(Boolean);
}

/** The report's test of two rows, where both are ranked. */
function testOf(leaderboard, rows) {
  const [i, j] = rows.map((row) => leaderboard.ranked.indexOf(row)).sort((a, b) => a - b);
  if (i < 0) return "";
  const n = leaderboard.ranked.length;
  const [p, corrected] = leaderboard.pairs[i * n - (i * (i + 1)) / 2 + (j - i - 1)];
  const many = leaderboard.pairs.length;
  return ` (exact ${pText(p)}${many > 1 ? `; corrected ${pText(corrected)} for ${many} pairs` : ""})`;
}

function pText(p) {
  return p < 0.001 ? "p < 0.001" : `p = ${p.toFixed(p < 0.01 ? 3 : 2)}`;
}
