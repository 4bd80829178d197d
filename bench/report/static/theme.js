"use strict";
// Runs before the page is drawn, so that it never flashes in the other theme. Storage may be refused to local files.
const theme = {
  read() {
    try {
      return localStorage.getItem("bench-theme") || "";
    } catch {
      return "";
    }
  },
  write(name) {
    document.documentElement.dataset.theme = name;
    try {
      localStorage.setItem("bench-theme", name);
    } catch {
      // The choice then lasts as long as the page.
    }
  },
  dark() {
    const chosen = document.documentElement.dataset.theme;
    return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  },
};
const remembered = theme.read();
if (remembered === "dark" || remembered === "light") document.documentElement.dataset.theme = remembered;
