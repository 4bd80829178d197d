"use strict";
/* global el */
// Tooltips of the charts: what a mark is called for screen readers, shown beside it to those who point at it.
const tipBox = el("div", { class: "tip", role: "status", hidden: true });
document.body.append(tipBox);

function showTip(event) {
  const mark = event.target instanceof Element && event.target.closest(".chart [role='graphics-symbol'][aria-label]");
  const isMark = mark && !mark.closest(".role-axis, .role-legend");
  tipBox.hidden = !isMark;
  if (!isMark) return;
  const [title, ...rest] = mark.getAttribute("aria-label").split("\n");
  tipBox.replaceChildren(el("strong", {}, title), ...rest.map((line) => el("span", {}, line)));
  const { left, top, width } = mark.getBoundingClientRect();
  const room = tipBox.getBoundingClientRect();
  const x = Math.min(Math.max(8, left + width / 2 - room.width / 2), innerWidth - room.width - 8);
  const above = top - room.height - 8;
  tipBox.style.left = `${x + scrollX}px`;
  tipBox.style.top = `${(above < 8 ? top + 22 : above) + scrollY}px`;
}

document.addEventListener("pointerover", showTip);
document.addEventListener("pointerdown", showTip);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") tipBox.hidden = true;
});
