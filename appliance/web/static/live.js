/* Parts of a page that are drawn anew while something happens in them: all that is marked data-live, while one is data-busy. */
"use strict";

const LOOK_MS = 400;
const SLOW_LOOK_MS = 2500;
const PATIENT_LOOKS = 150;

function isBusy() {
  return document.querySelector("[data-live][data-busy]") !== null;
}

/* What did not change stays as it is, and with it where somebody is and what is open. */
function redraw(fresh) {
  for (const part of document.querySelectorAll("[data-live]")) {
    const now = fresh.getElementById(part.id);
    if (!now || now.outerHTML === part.outerHTML || part.querySelector("details[open]")) continue;
    const links = [...part.querySelectorAll("a, button")];
    const place = links.indexOf(document.activeElement);
    const drawn = document.importNode(now, true);
    part.replaceWith(drawn);
    if (place >= 0) drawn.querySelectorAll("a, button")[place]?.focus({ preventScroll: true });
  }
  const words = document.querySelector("[data-live-words]");
  const said = fresh.querySelector("[data-live-words]");
  if (words && said && words.textContent !== said.textContent) words.textContent = said.textContent;
}

function followParts() {
  let looks = 0;
  const look = async () => {
    looks += 1;
    try {
      const answer = await fetch(location.href, { cache: "no-store" });
      if (answer.ok) redraw(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch {
      /* The dashboard itself is away for a moment. */
    }
    if (isBusy()) setTimeout(look, looks < PATIENT_LOOKS ? LOOK_MS : SLOW_LOOK_MS);
  };
  setTimeout(look, LOOK_MS);
}

if (isBusy()) followParts();
