"use strict";
/* global el, summary, address, outcomeOf, table */
// The matrix as a table, for those who cannot see it: made when it is unfolded, since it has a cell for each place.
class Grid {
  constructor(explorer) {
    this.explorer = explorer;
    this.body = el("div", {});
    this.node = el("details", { class: "grid", ontoggle: () => this.fill() }, el("summary", {}, "As a table"), this.body);
  }

  /** What the matrix shows now: its problems and its models. */
  fill() {
    if (!this.node.open) {
      this.body.replaceChildren();
      return;
    }
    const { leaderboard, visible } = this.explorer;
    const heads = ["Problem", "Function", ...visible.rows.map((row) => leaderboard.models[row].title)];
    this.body.replaceChildren(table(heads, visible.columns.map((position) => () => this.cells(position))));
  }

  cells(position) {
    const { leaderboard, visible } = this.explorer;
    const name = el("code", {}, leaderboard.functions[position]);
    return [leaderboard.tasks[position], name, ...visible.rows.map((row) => this.cell(position, row))];
  }

  cell(position, row) {
    const { leaderboard } = this.explorer;
    const model = leaderboard.models[row];
    const text = outcomeOf(model, position);
    if (summary(model.places[position]) === "-") return text;
    const at = this.explorer.firstLit(row, position);
    return el("a", { href: `#${address.sample(leaderboard, position, row, at)}` }, text);
  }
}
