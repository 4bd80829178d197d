"use strict";
/* global count, remember */
// Tables are complete without this script; it sorts and searches their rows.

function cellValue(row, column) {
  const cell = row.cells[column];
  const value = cell.dataset.value ?? cell.textContent.trim();
  return value === "" ? null : Number.isNaN(Number(value)) ? value.toLowerCase() : Number(value);
}

function compare(a, b) {
  if (typeof a === typeof b) return a < b ? -1 : a > b ? 1 : 0;
  return typeof a === "number" ? -1 : 1;
}

/** Sort by a column; what is not known stays at the end whichever way. */
function sortBy(table, header, direction) {
  const column = header.cellIndex;
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row) => [cellValue(row, column), row]);
  rows.sort(([a], [b]) => (a === null || b === null ? (a === null) - (b === null) : direction * compare(a, b)));
  body.append(...rows.map(([, row]) => row));
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
}

/** A sort from an address, such as `plus.down`; none, or one that nobody knows, is the order of the report. */
function restoreSort(table, sort) {
  const [key, direction] = sort.split(".");
  const headers = [...table.tHead.rows[0].cells];
  const header = headers.find((one) => one.dataset.key === key);
  if (header) sortBy(table, header, direction === "down" ? -1 : 1);
  else if (headers.some((one) => one.ariaSort)) sortBy(table, headers[0], 1);
}

function makeSortable(table) {
  for (const header of table.tHead.rows[0].cells) {
    const button = header.querySelector("button");
    if (!button) continue;
    button.addEventListener("click", () => {
      const first = header.dataset.first === "down" ? -1 : 1;
      const now = { ascending: 1, descending: -1 }[header.getAttribute("aria-sort")];
      sortBy(table, header, now ? -now : first);
      const direction = header.getAttribute("aria-sort") === "descending" ? "down" : "up";
      if (table.dataset.sort) remember(table.dataset.sort, { sort: `${header.dataset.key}.${direction}` });
    });
  }
}

function makeSearchable(input, table, output) {
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let visible = 0;
    for (const row of table.tBodies[0].rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      visible += row.hidden ? 0 : 1;
    }
    output.textContent = words.length ? `${visible} of ${count(table.tBodies[0].rows.length, "model")}` : "";
  });
}

/** The rows on show as texts, the head first. */
function textsOf(table) {
  const rows = [table.tHead.rows[0], ...table.tBodies[0].rows].filter((row) => !row.hidden);
  return rows.map((row) => [...row.cells].map((cell) => (cell.querySelector("button") ?? cell).innerText.trim()));
}

const FORMS = {
  csv: (rows) => rows.map((row) => row.map((text) => csvCell(text.replace(/\s+/g, " "))).join(",")).join("\n"),
  md: ([head, ...rows]) =>
    [head, head.map(() => "---"), ...rows]
      .map((row) => `| ${row.map((text) => text.replace(/\s+/g, " ").replace(/[\\|`*_<[]/g, "\\$&")).join(" | ")} |`)
      .join("\n"),
};

/** A cell that no spreadsheet takes for a formula. */
function csvCell(text) {
  const safe = /^[=+\-@][^\d.]/.test(text) ? `'${text}` : text;
  return /[",]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function makeCopyable(group) {
  group.hidden = !navigator.clipboard;
  group.addEventListener("click", async (event) => {
    const form = event.target.dataset.form;
    if (!form) return;
    await navigator.clipboard.writeText(FORMS[form](textsOf(document.getElementById(group.dataset.copies))));
    event.target.textContent = "Copied";
  });
}

for (const group of document.querySelectorAll(".copy")) makeCopyable(group);
for (const table of document.querySelectorAll("table.sortable")) makeSortable(table);
for (const input of document.querySelectorAll("input[data-searches]")) {
  makeSearchable(input, document.getElementById(input.dataset.searches), document.getElementById(`${input.id}-count`));
}
