// Forms that are long or matter: unsaved changes are guarded, and filters apply at once.

// ---- unsaved changes ----

const dirty = new Set();

function guarded(element) {
  return element instanceof Element ? element.closest("form[data-guard]") : null;
}

document.addEventListener("input", (event) => {
  const form = guarded(event.target);
  if (form) dirty.add(form);
});

document.addEventListener("submit", (event) => {
  // A form that htmx sends is clean only once the server has taken it.
  if (!event.defaultPrevented && !event.target.matches("[hx-post], [hx-put], [hx-patch]")) dirty.delete(event.target);
});

addEventListener("beforeunload", (event) => {
  for (const form of dirty) if (!form.isConnected) dirty.delete(form);
  if (dirty.size) event.preventDefault();
});

document.addEventListener("htmx:afterRequest", (event) => {
  const { elt, successful, xhr, requestConfig } = event.detail;
  // A refusal that was shown in place counts as successful for htmx, and is not saved.
  if (requestConfig?.verb !== "get" && successful && xhr.status < 400) dirty.delete(guarded(elt));
});

// ---- filters ----

document.addEventListener("change", (event) => {
  const box = event.target instanceof Element ? event.target : null;
  // Without this script the button of the filters does it.
  if (box?.closest("form[data-submit-on-change]") && !box.matches("[type=search], [type=text]")) box.form.requestSubmit();
});

// ---- long lists of check boxes ----

// From how many on a field above narrows the list. What is checked stays in sight.
const MANY = 8;

for (const first of document.querySelectorAll("[data-filtered]:first-of-type")) {
  const list = first.closest("fieldset > div");
  if (!list || list.previousElementSibling?.matches("[data-narrow]")) continue;
  const labels = [...list.querySelectorAll("label")];
  if (labels.length < MANY) continue;
  const field = document.createElement("input");
  field.type = "search";
  field.className = "input";
  field.dataset.narrow = "";
  field.placeholder = "Search";
  field.setAttribute("aria-label", `Search: ${first.closest("fieldset").querySelector("legend").textContent.trim()}`);
  list.before(field);
  field.addEventListener("input", () => {
    const wanted = field.value.trim().toLowerCase();
    for (const label of labels) {
      const shown = label.textContent.toLowerCase().includes(wanted) || label.querySelector("input").checked;
      (label.parentElement === list ? label : label.parentElement).hidden = !shown;
    }
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
}
