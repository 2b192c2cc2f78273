// A scan that ends refreshes the rows, but never under a person who is changing one of them.

document.addEventListener("htmx:beforeRequest", (event) => {
  const { elt } = event.detail;
  if (!elt.matches("[data-refresh]") || !document.querySelector("main details[data-edit][open] form")) return;
  event.preventDefault();
  document.dispatchEvent(
    new CustomEvent("toast", { detail: { level: "info", text: "The scan has ended. Reload the page to see what it read; the row that you are changing is left as it is." } }),
  );
});
