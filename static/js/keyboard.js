// The keys: / search, j k rows, or the items before and after on the page of one, Enter opens, e edits, ? help. Never while typing, never with a modifier.

function typing(target) {
  return target instanceof Element && target.matches("input:not([type=checkbox], [type=radio]), select, textarea, [contenteditable]");
}

function rows() {
  return [...document.querySelectorAll("main [data-row]")].filter((row) => row.getClientRects().length > 0);
}

function currentRow() {
  return document.activeElement?.closest("[data-row]") ?? null;
}

function move(step) {
  const all = rows();
  if (!all.length) return false;
  const at = all.indexOf(currentRow());
  const next = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.max(0, Math.min(all.length - 1, at + step))];
  focusRow(next);
  return true;
}

function focusRow(row) {
  if (!row.hasAttribute("tabindex")) row.setAttribute("tabindex", "-1");
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

function follow(key) {
  const link = document.querySelector(`main a[data-key="${key}"]`);
  link?.click();
  return Boolean(link);
}

let searchedFrom = null;

function search() {
  searchedFrom = currentRow()?.id;
  const field = document.querySelector("main [data-search]") ?? document.querySelector("[data-search]");
  field?.focus();
  field?.select?.();
  return Boolean(field);
}

function leaveSearch(field) {
  field.blur();
  const row = searchedFrom && document.getElementById(searchedFrom);
  if (row) focusRow(row);
}

function inRow(selector, act) {
  const found = currentRow()?.querySelector(selector);
  if (found) act(found);
  return Boolean(found);
}

function edit(element) {
  if (element.open) return editOpen(element);
  const summary = element instanceof HTMLDetailsElement ? element.querySelector("summary") : element;
  summary.focus();
  summary.click();
}

// While a change is on its way its editor is about to close: it is opened again in the row that comes.
function editOpen(details) {
  if (details.querySelector("form.htmx-request")) details.closest("[data-row]").dataset.editAgain = "";
  else details.querySelector("[autofocus], [data-choice], input:not([type=hidden]), textarea")?.focus();
}

const keys = {
  "/": search,
  j: () => move(1) || follow("j"),
  k: () => move(-1) || follow("k"),
  e: () => inRow("[data-edit]", edit),
  "?": () => {
    const help = document.getElementById("keyboard-help");
    if (help && !help.open) help.showModal();
    return Boolean(help);
  },
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
  if (event.key === "Escape" && event.target.matches?.("[data-search]")) {
    // The browser would clear the field, and the list with it.
    event.preventDefault();
    leaveSearch(event.target);
    return;
  }
  if (typing(event.target) || document.querySelector("dialog[open]")) return;
  const row = event.target instanceof Element && event.target.matches("[data-row]") ? event.target : null;
  if (event.key === "Enter" && row) {
    (row.querySelector("[data-open]") ?? row.querySelector("a[href]"))?.click();
    return;
  }
  if (keys[event.key]?.()) event.preventDefault();
});
