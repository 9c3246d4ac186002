// Decisions by key: a letter chooses, the reason is typed, Enter sends. Without this script, forms and links do.
document.documentElement.classList.add("scripted");
const byKey = new Map();
for (const one of document.querySelectorAll("[data-key]")) for (const key of one.dataset.key.split(" ")) if (!byKey.has(key)) byKey.set(key, one);
const reason = document.querySelector("[data-reason]");
function ask() {
  const chosen = document.querySelector(".decide input[type=radio]:checked");
  for (const need of document.querySelectorAll(".need")) {
    const wanted = chosen?.dataset.needs === need.dataset.need;
    need.classList.toggle("wanted", wanted);
    for (const field of need.querySelectorAll("input")) field.required = wanted && need.dataset.need === "case";
  }
  return document.querySelector(".need.wanted input[name=duplicate_of]") ?? reason;
}
for (const radio of document.querySelectorAll(".decide input[type=radio]")) radio.addEventListener("change", ask);
ask();
let went = 0;
document.addEventListener("keydown", (event) => {
  const field = event.target.closest("input:not([type=radio], [type=checkbox]), textarea, select");
  if (event.key === "Escape" && field) return field.blur();
  if (field || event.ctrlKey || event.altKey || event.metaKey || document.querySelector("dialog[open]")) return;
  const after = Date.now() - went < 1500;
  went = event.key === "g" ? Date.now() : 0;
  const one = byKey.get(event.key);
  if (after || !one) return;
  event.preventDefault();
  if (one.matches("input[type=radio]")) {
    one.checked = true;
    ask().focus();
  } else if (one.matches("input, textarea")) one.focus();
  else one.click();
});
const all = document.querySelector("[data-all]");
if (all) {
  all.hidden = false;
  all.addEventListener("change", () => {
    for (const box of document.querySelectorAll("input[name=accounts]")) box.checked = all.checked;
  });
}
for (const form of document.querySelectorAll(".decide")) form.addEventListener("submit", () => form.querySelector("button.main").disabled = true);
