/* The check of a device: asks for what would go past the box, and shows what came of each try. Begins with a tap. */
"use strict";

const TRY_MS = 5000;
const LOOKS = 5;
const LOOK_MS = 200;

/* Whether anything answers: what it answers is neither told to this page nor wanted. */
async function isReached(address) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), TRY_MS);
  const how = { mode: "no-cors", cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer", redirect: "follow" };
  try {
    await fetch(address, { ...how, signal: stop.signal });
    return true;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

/* Asks for a name that nobody else can know, and then the box whether it was asked for it. */
async function whoAsked(part) {
  const octets = crypto.getRandomValues(new Uint8Array(8));
  const token = Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");
  await isReached(part.dataset.address.replace("TOKEN", token));
  for (let look = 1; ; look += 1) {
    try {
      const answer = await fetch(`/me/check/${token}.json`, { cache: "no-store" });
      const { came } = await answer.json();
      if (came !== "not" || look === LOOKS) return came;
    } catch {
      return "untold";
    }
    await new Promise((done) => { setTimeout(done, LOOK_MS); });
  }
}

function tell(part, outcome) {
  for (const words of part.querySelectorAll("[data-when]")) words.hidden = words.dataset.when !== outcome;
}

async function checkAll(parts) {
  for (const part of parts.values()) tell(part, "waiting");
  const tried = (id) => isReached(parts.get(id).dataset.address).then((is) => (is ? "open" : "shut"));
  const coming = ["named", "address", "ipv6"].map((id) => [id, tried(id)]);
  coming.push(["names", whoAsked(parts.get("names"))]);
  await Promise.all(coming.map(([id, outcome]) => outcome.then((found) => tell(parts.get(id), found))));
}

const begin = document.querySelector("[data-check]");
const parts = new Map([...document.querySelectorAll("[data-try]")].map((part) => [part.dataset.try, part]));
begin.hidden = false;
begin.addEventListener("click", async () => {
  const words = document.querySelector("[data-check-words]");
  document.querySelector("[data-tries]").hidden = false;
  begin.disabled = true;
  words.textContent = "Trying.";
  await checkAll(parts);
  words.textContent = "Done. The results are below.";
  begin.disabled = false;
});
