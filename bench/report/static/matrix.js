"use strict";
/* global el, fill, kinds, address */
// The matrix of problems and models, on a canvas: a hundred models by some hundred problems are too many elements.
const ROW = 20;
const BARS = 26;
const CELL = { least: 6, most: 20, glyph: 10 };
const MOST_PIXELS = 12e6;

class Matrix {
  /** The places that an explorer has left visible; `at` is the place of the cursor among them, or null. */
  constructor(explorer) {
    Object.assign(this, { explorer, leaderboard: explorer.leaderboard, at: null });
    this.names = el("ol", { class: "names" });
    this.canvas = el("canvas", {
      tabindex: "0",
      role: "application",
      "aria-label": `Matrix of problems and models, ${this.leaderboard.title}; arrow keys move, Enter opens the sample`,
      onpointermove: (event) => event.pointerType === "mouse" && this.move(this.placeAt(event)),
      onpointerleave: () => document.activeElement === this.canvas || this.move(null),
      onclick: (event) => this.click(event),
      onkeydown: (event) => this.key(event),
      onfocus: () => this.at || this.move({ row: 0, column: 0 }),
    });
    this.cursor = el("i", { class: "cursor" });
    this.probe = el("i", { hidden: true });
    this.scroller = el("div", { class: "scroller" }, this.canvas, this.cursor, this.probe);
    this.readout = el("p", { class: "readout", role: "status" });
    this.nodes = [this.readout, el("div", { class: "matrix" }, this.names, this.scroller)];
    new ResizeObserver(() => this.draw()).observe(this.scroller);
  }

  /** A finger is wider than a place: its first tap says what is there, its second one opens it. */
  click(event) {
    const place = this.placeAt(event);
    const again = place && this.at && place.row === this.at.row && place.column === this.at.column;
    this.move(place);
    if (place && (event.pointerType !== "touch" || again)) this.explorer.open(this.place);
  }

  key(event) {
    const { row, column } = this.at ?? { row: 0, column: 0 };
    const last = this.columns.length - 1;
    const next = {
      ArrowLeft: { row, column: clamp(column - 1, last) },
      ArrowRight: { row, column: clamp(column + 1, last) },
      ArrowUp: { row: clamp(row - 1, this.rows.length - 1), column },
      ArrowDown: { row: clamp(row + 1, this.rows.length - 1), column },
      Home: { row, column: 0 },
      End: { row, column: last },
    }[event.key];
    const opens = event.key === "Enter" || event.key === " ";
    if (next) this.move(next);
    else if (opens && this.at) this.explorer.open(this.place);
    if (next) this.cursor.scrollIntoView({ block: "nearest", inline: "nearest" });
    if (next || opens) event.preventDefault();
  }

  move(at) {
    this.at = at && this.columns.length && this.rows.length ? at : null;
    fill(this.readout, this.at ? this.explorer.describe(this.place) : hint());
    this.placeCursor();
  }

  /** The place of the cursor, {row, position} of the leaderboard. */
  get place() {
    return { row: this.rows[this.at.row], position: this.columns[this.at.column] };
  }

  placeCursor() {
    this.cursor.hidden = !this.at;
    if (!this.at) return;
    const [left, top] = [this.at.column * this.width, BARS + this.at.row * ROW];
    Object.assign(this.cursor.style, { left: `${left}px`, top: `${top}px`, width: `${this.width}px`, height: `${ROW}px` });
  }

  placeAt(event) {
    const { left, top } = this.canvas.getBoundingClientRect();
    const row = Math.floor((event.clientY - top - BARS) / ROW);
    const column = Math.floor((event.clientX - left) / this.width);
    return row >= 0 && row < this.rows.length && column >= 0 && column < this.columns.length ? { row, column } : null;
  }

  /** Show these rows and columns. */
  show(rows, columns) {
    Object.assign(this, { rows, columns });
    const names = rows.map((row) => {
      const { title } = this.leaderboard.models[row];
      return el("li", { title }, el("a", { href: `#${address.model(this.leaderboard, row)}` }, title));
    });
    fill(this.names, names);
    this.draw();
    this.move(null);
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
    this.paint(pen);
    this.placeCursor();
  }

  paint(pen) {
    const inks = Object.fromEntries([...kinds].map(([letter, { key }]) => [letter, this.colors(`k-${key}`)]));
    const [ground, ink] = this.colors("m-bar");
    pen.font = `700 11px ${getComputedStyle(this.canvas).fontFamily}`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    this.columns.forEach((position, column) => {
      this.paintBar(pen, position, column, ink, ground);
      this.rows.forEach((row, at) => this.paintPlace(pen, this.leaderboard.models[row], position, column, at, inks));
    });
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
    const letter = model.letters[position];
    const [x, y, width, height] = [column * this.width, BARS + at * ROW, this.width - 1, ROW - 1];
    const share = model.passes[position];
    pen.globalAlpha = this.explorer.lit(model, position) ? 1 : 0.16;
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
}

function hint() {
  return matchMedia("(pointer: coarse)").matches
    ? "Tap a place to see what it is, and again to open the sample."
    : "Point at a place, or move with the arrow keys; a click or Enter opens the sample.";
}

function clamp(value, most, least = 0) {
  return Math.max(least, Math.min(most, value));
}
