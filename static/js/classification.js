// The editor of a row is loaded when it is opened. One that is there, with what was typed, is not loaded again; one that
// did not come closes, so that the next click tries again.

const editorOf = (elt) => elt.matches("details[data-edit] > summary") && elt.parentElement;

document.addEventListener("htmx:beforeRequest", (event) => {
  const details = editorOf(event.detail.elt);
  if (details && (details.open || details.querySelector("form"))) event.preventDefault();
});

document.addEventListener("htmx:afterRequest", (event) => {
  const details = editorOf(event.detail.elt);
  if (details && !event.detail.successful) details.open = false;
});

// A scan that ends refreshes the rows, but never under a person who is changing one of them.

document.addEventListener("htmx:beforeRequest", (event) => {
  const { elt } = event.detail;
  if (!elt.matches("[data-refresh]") || !document.querySelector("main details[data-edit][open] form")) return;
  event.preventDefault();
  document.dispatchEvent(
    new CustomEvent("toast", { detail: { level: "info", text: "The scan has ended. Reload the page to see what it read; the row that you are changing is left as it is." } }),
  );
});

// A refusal whose editor was closed meanwhile would not be seen.

document.addEventListener("htmx:afterRequest", (event) => {
  const { xhr, requestConfig } = event.detail;
  if (requestConfig?.verb !== "post" || xhr.status < 400) return;
  const details = document.getElementById(requestConfig.elt.id)?.closest("details[data-edit]:not([open])");
  const title = details?.closest("[data-row]")?.querySelector("[data-open], .cell-title .truncate")?.textContent;
  if (!title) return;
  const text = `“${title}” was not changed. Open its editor to see why.`;
  document.dispatchEvent(new CustomEvent("toast", { detail: { level: "warning", text } }));
});

// In an open editor the digits choose a level, and the arrow keys go from one to the next.

const writing = "input:not([type=checkbox], [type=radio], [type=hidden]), select, textarea, [contenteditable]";

function openEditor(target) {
  if (!(target instanceof Element) || target.matches(writing)) return null;
  const around = target.closest("form.editor, details[data-edit][open], dialog[open]");
  if (around) return around.matches("form") ? around : around.querySelector("form.editor");
  return document.querySelector("dialog[open]") ? null : document.querySelector("main details[data-edit][open] form.editor");
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented || event.repeat) return;
  const choices = [...(openEditor(event.target)?.querySelectorAll("[data-choice]") ?? [])];
  if (!choices.length) return;
  const at = choices.indexOf(document.activeElement);
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (/^[1-9]$/.test(event.key)) choices[Number(event.key) - 1]?.click();
  else if (step && at >= 0) choices[(at + step + choices.length) % choices.length].focus();
  else return;
  event.preventDefault();
});
