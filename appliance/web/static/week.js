/* Comfort for the week, which works without it: a tap opens an editor over the page, and a box finds things in a list. */
"use strict";

const over = document.querySelector("[data-over-dialog]");

/* The editor has a page of its own: that is shown over this one. Whatever is in the way leads there. */
async function showOver(address) {
  try {
    const answer = await fetch(address, { cache: "no-store" });
    if (!answer.ok || answer.redirected) throw new Error(address);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const leaf = page.querySelector("[data-leaf]");
    leaf.classList.remove("kg-card");
    document.getElementById("over-title").textContent = page.querySelector("h1").textContent;
    over.querySelector("[data-over-page]").replaceChildren(document.importNode(leaf, true));
    withFilters(over);
    if (!over.open) over.showModal();
    over.scrollTop = 0;
  } catch {
    location.href = address;
  }
}

document.addEventListener("click", (event) => {
  const isPlain = !event.defaultPrevented && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.button;
  if (!over || !isPlain) return;
  const link = event.target.closest("a[data-over]");
  if (link) {
    event.preventDefault();
    showOver(link.getAttribute("href"));
  } else if (over.open && (event.target === over || event.target.closest("[data-over-close]"))) {
    event.preventDefault();
    over.close();
  }
});

/* A box that finds things: what doesn't fit is hidden, what is ticked stays ticked. */
function withFilters(part) {
  part.querySelectorAll("[data-filter]").forEach((box) => { box.hidden = false; });
}

document.addEventListener("input", (event) => {
  const box = event.target.closest("[data-filter]");
  if (!box) return;
  const wanted = event.target.value.trim().toLowerCase();
  const list = box.closest("[data-shelves]");
  let found = 0;
  list.querySelectorAll("details").forEach((shelf) => {
    const isNamed = shelf.querySelector("summary").textContent.toLowerCase().includes(wanted);
    let here = 0;
    shelf.querySelectorAll("label").forEach((line) => {
      line.hidden = !isNamed && !line.textContent.toLowerCase().includes(wanted);
      here += line.hidden ? 0 : 1;
    });
    shelf.hidden = !here;
    shelf.open = Boolean(wanted) && here > 0;
    found += here;
  });
  list.querySelector("[data-nothing]").hidden = found > 0;
});

withFilters(document);
