/* Comfort for pages that work without it: follows a change until it is in force, closes sheets, finds, renews in time. */
"use strict";

const ASK_MS = 300;
const SLOW_ASK_MS = 3000;
const PATIENT_ASKS = 40;
const LONGEST_MS = 2 ** 31 - 1;

/* The mark "in force": asked again until every daemon runs what was set. */
function follow(mark) {
  let asked = 0;
  const ask = async () => {
    asked += 1;
    try {
      const answer = await fetch("/force.json", { headers: { Accept: "application/json" }, cache: "no-store" });
      if (!answer.ok) return;
      if (show(mark, await answer.json())) return;
    } catch {
      /* The dashboard itself is away for a moment. */
    }
    setTimeout(ask, asked < PATIENT_ASKS ? ASK_MS : SLOW_ASK_MS);
  };
  setTimeout(ask, ASK_MS);
}

function show(mark, now) {
  mark.className = `kg-force is-${now.tone}`;
  mark.dataset.force = now.is_everywhere ? "everywhere" : "underway";
  mark.dataset.revision = now.revision;
  put(mark.querySelector("[data-force-words]"), now.words);
  put(mark.querySelector("[data-force-todo]"), now.todo);
  if (now.is_everywhere) document.querySelectorAll("[data-force-hint]").forEach((hint) => hint.remove());
  return now.is_everywhere;
}

/* Only what differs is written, so that a screen reader does not say it again. */
function put(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

/* Sheets: one at a time; Escape and a tap beside it close it, and the focus goes back to its button. */
function closeSheets(except) {
  document.querySelectorAll("details.kg-sheet[open]").forEach((sheet) => {
    if (sheet !== except) sheet.open = false;
  });
}

document.addEventListener("click", (event) => closeSheets(event.target.closest("details.kg-sheet")));
document.addEventListener("keydown", (event) => {
  const sheet = event.key === "Escape" && document.querySelector("details.kg-sheet[open]");
  if (!sheet) return;
  sheet.open = false;
  sheet.querySelector("summary").focus();
});

/* A page that says "until" is asked for anew when that moment has come, by the box's clock; not while somebody types. */
function renewInTime({ until, now }) {
  const wait = (Number(until) - Number(now)) * 1000 + 500;
  if (!(wait >= 0 && wait < LONGEST_MS)) return;
  setTimeout(function renew() {
    const isBusy = document.querySelector("details.kg-sheet[open], input:focus, textarea:focus, select:focus");
    if (isBusy) setTimeout(renew, 1000);
    else location.replace(location.href);
  }, wait);
}

/* Finding among what is on the page, while one types: what has none of the words is put away, groups open as needed. */
function findAmong(input) {
  const groups = [...document.querySelectorAll("[data-group]")];
  const none = document.querySelector("[data-none]");
  const wasOpen = new Map(groups.map((group) => [group, group.open]));
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const group of groups) {
      let here = 0;
      for (const one of group.querySelectorAll("[data-words]")) {
        one.hidden = !words.every((word) => one.dataset.words.includes(word));
        here += one.hidden ? 0 : 1;
      }
      group.hidden = here === 0;
      group.open = words.length > 0 ? here > 0 : wasOpen.get(group);
      found += here;
    }
    if (none) none.hidden = found > 0;
  });
}

const finder = document.querySelector("[data-find]");
if (finder && !finder.value) findAmong(finder);

const mark = document.querySelector("[data-force=underway]");
if (mark) follow(mark);
if (document.body.dataset.until) renewInTime(document.body.dataset);
