"use strict";
// Everything works without this script; it only adds the viewer's time and keys.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const local = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
function tellTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    if (!Number.isNaN(moment.getTime())) time.title = local.format(moment) + " " + zone;
  }
}
tellTimes(document);
for (const place of document.querySelectorAll("[data-zone]")) place.textContent = "; yours, " + zone + ", when you point at one";
document.addEventListener("htmx:after:swap", () => tellTimes(document));

const keys = document.getElementById("keys");
const places = { o: "/", r: "/queue", c: "/cases", a: "/audit" };
let gone = 0;
let at = -1;
function rowsOf() {
  return [...document.querySelectorAll("main table[data-rows] tbody tr")].filter((row) => row.querySelector("a"));
}
function goTo(step) {
  const rows = rowsOf();
  if (!rows.length) return;
  rows[at]?.classList.remove("at");
  at = Math.max(0, Math.min(rows.length - 1, at + step));
  rows[at].classList.add("at");
  rows[at].querySelector("a").focus();
  rows[at].scrollIntoView({ block: "nearest" });
}
document.addEventListener("keydown", (event) => {
  const typed = event.target.closest("input, textarea, select, [contenteditable]");
  if (typed || event.ctrlKey || event.altKey || event.metaKey || keys.open) return;
  const after = Date.now() - gone < 1500;
  gone = event.key === "g" ? Date.now() : 0;
  if (after && places[event.key]) location.assign(places[event.key]);
  else if (event.key === "?") keys.showModal();
  else if (event.key === "/") {
    const field = document.querySelector(".find input[type=search]");
    if (field) {
      event.preventDefault();
      field.focus();
    }
  } else if (event.key === "j") goTo(1);
  else if (event.key === "k") goTo(-1);
});
