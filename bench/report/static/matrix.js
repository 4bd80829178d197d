"use strict";
/* global el, kinds, summary, address */
// The matrix of problems and models, on a canvas: a hundred models by some hundred problems are too many elements.
const ROW = 20;
const BARS = 26;
const CELL = { least: 6, most: 20, glyph: 10 };
const MOST_PIXELS = 12e6;

class Matrix {
  /** `describe(place)` says what is at a place, `open(place)` shows it; a place is {row, position} of the leaderboard. */
  constructor(leaderboard, host, { describe, open }) {
    Object.assign(this, { leaderboard, host, describe, open, at: null });
    this.names = el("ol", { class: "names" });
    this.canvas = el("canvas", {
      tabindex: "0",
      role: "application",
      "aria-label": `Matrix of problems and models, ${leaderboard.title}; arrow keys move, Enter opens the sample`,
    });
    this.scroller = el("div", { class: "scroller" }, this.canvas);
    this.readout = el("p", { class: "readout", role: "status" }, this.hint());
    this.probe = el("i", { hidden: true });
    host.append(this.probe, this.readout, el("div", { class: "matrix" }, this.names, this.scroller));
    this.listen();
    new ResizeObserver(() => this.draw()).observe(this.scroller);
  }

  hint() {
    return matchMedia("(pointer: coarse)").matches
      ? "Tap a place to see what it is, and again to open the sample."
      : "Point at a place, or move with the arrow keys; a click or Enter opens the sample.";
  }

  listen() {
    this.canvas.addEventListener(
      "pointermove",
      (event) => event.pointerType === "mouse" && this.move(this.placeAt(event)),
    );
    this.canvas.addEventListener("pointerleave", () => document.activeElement === this.canvas || this.move(null));
    this.canvas.addEventListener("click", (event) => this.click(event));
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    this.canvas.addEventListener("focus", () => this.at || this.move({ row: 0, column: 0 }));
  }

  /** A finger is wider than a place: its first tap says what is there, its second one opens it. */
  click(event) {
    const place = this.placeAt(event);
    const again = place && this.at && place.row === this.at.row && place.column === this.at.column;
    this.move(place);
    if (place && (event.pointerType !== "touch" || again)) this.openAt(place);
  }

  key(event) {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    const at = this.at ?? { row: 0, column: 0 };
    const last = this.columns.length - 1;
    if (event.key === "Enter" || event.key === " ") this.openAt(at);
    else if (event.key === "Home") this.move({ ...at, column: 0 });
    else if (event.key === "End") this.move({ ...at, column: last });
    else if (step)
      this.move({ row: clamp(at.row + step[0], this.rows.length - 1), column: clamp(at.column + step[1], last) });
    else return;
    event.preventDefault();
  }

  openAt({ row, column }) {
    if (this.columns.length && this.rows.length) this.open({ row: this.rows[row], position: this.columns[column] });
  }

  move(at) {
    this.at = at && this.columns.length && this.rows.length ? at : null;
    this.readout.replaceChildren(
      ...(this.at ? this.describe({ row: this.rows[at.row], position: this.columns[at.column] }) : [this.hint()]),
    );
    if (this.at) this.reveal();
    this.draw();
  }

  reveal() {
    const left = this.at.column * this.width;
    const { scrollLeft, clientWidth } = this.scroller;
    if (left < scrollLeft) this.scroller.scrollLeft = left;
    else if (left + this.width > scrollLeft + clientWidth) this.scroller.scrollLeft = left + this.width - clientWidth;
  }

  placeAt(event) {
    const { left, top } = this.canvas.getBoundingClientRect();
    const row = Math.floor((event.clientY - top - BARS) / ROW);
    const column = Math.floor((event.clientX - left) / this.width);
    return row >= 0 && row < this.rows.length && column >= 0 && column < this.columns.length ? { row, column } : null;
  }

  /** Show these rows and columns; `lit(model, position)` says which places stand out. */
  show(rows, columns, lit) {
    Object.assign(this, { rows, columns, lit, at: null });
    this.names.replaceChildren(
      ...rows.map((row) => {
        const model = this.leaderboard.models[row];
        return el("li", { title: model.title }, el("a", { href: `#${address.model(this.leaderboard, row)}` }, model.title));
      }),
    );
    this.readout.replaceChildren(this.hint());
    this.draw();
  }

  draw() {
    if (!this.rows) return;
    const room = this.scroller.clientWidth || 600;
    this.width = clamp(Math.floor(room / Math.max(1, this.columns.length)), CELL.most, CELL.least);
    const wide = Math.max(1, this.columns.length * this.width);
    const high = BARS + this.rows.length * ROW;
    const scale = Math.min(devicePixelRatio || 1, Math.sqrt(MOST_PIXELS / (wide * high)), 16000 / wide);
    Object.assign(this.canvas, { width: Math.round(wide * scale), height: Math.round(high * scale) });
    Object.assign(this.canvas.style, { width: `${wide}px`, height: `${high}px` });
    const pen = this.canvas.getContext("2d");
    pen.scale(scale, scale);
    this.paint(pen, getComputedStyle(this.canvas));
  }

  paint(pen, style) {
    const inks = Object.fromEntries([...kinds].map(([letter, { key }]) => [letter, this.colors(`k-${key}`)]));
    const [ground, ink] = this.colors("m-bar");
    pen.font = `700 11px ${style.fontFamily}`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    this.columns.forEach((position, column) => {
      this.paintBar(pen, position, column, ink, ground);
      this.rows.forEach((row, at) => this.paintPlace(pen, this.leaderboard.models[row], position, column, at, inks));
    });
    if (this.at) this.paintCursor(pen, style.color);
  }

  /** Background and ink of a class in the theme of now. */
  colors(name) {
    this.probe.className = name;
    const { backgroundColor, color } = getComputedStyle(this.probe);
    return [backgroundColor, color];
  }

  /** Above each column: how many of the models pass. */
  paintBar(pen, position, column, ink, ground) {
    const full = BARS - 6;
    const height = (full * this.leaderboard.passing[position]) / Math.max(1, this.leaderboard.scored.length);
    pen.fillStyle = ground;
    pen.fillRect(column * this.width, 0, this.width - 1, full);
    pen.fillStyle = ink;
    pen.fillRect(column * this.width, full - height, this.width - 1, height);
  }

  paintPlace(pen, model, position, column, at, inks) {
    const place = model.places[position];
    const letter = summary(place);
    const [x, y, width, height] = [column * this.width, BARS + at * ROW, this.width - 1, ROW - 1];
    const share = model.passes[position];
    pen.globalAlpha = this.lit(model, position) ? 1 : 0.16;
    pen.fillStyle = inks[letter][0];
    pen.fillRect(x, y, width, height);
    if (share > 0 && share < 1) {
      pen.fillStyle = inks.p[0];
      pen.fillRect(x, y + height * (1 - share), width, height * share);
    }
    if (letter !== "p" && this.width >= CELL.glyph) {
      pen.fillStyle = inks[letter][1];
      pen.fillText(kinds.get(letter).sign, x + width / 2, y + height / 2 + 0.5);
    }
    pen.globalAlpha = 1;
  }

  paintCursor(pen, ink) {
    const { row, column } = this.at;
    pen.strokeStyle = ink;
    pen.lineWidth = 2;
    pen.strokeRect(column * this.width, BARS + row * ROW, Math.max(3, this.width - 1), ROW - 1);
  }
}

function clamp(value, most, least = 0) {
  return Math.max(least, Math.min(most, value));
}
