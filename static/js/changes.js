// The comparison: n and p go from change to change, and a button prints.

function typing(target) {
  return target instanceof Element && target.matches("input, select, textarea, [contenteditable]");
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target)) return;
  if (!["n", "p"].includes(event.key) || document.querySelector("dialog[open]")) return;
  const rows = [...document.querySelectorAll("[data-change]")];
  if (!rows.length) return;
  const at = rows.indexOf(document.activeElement?.closest("[data-change]"));
  const next = event.key === "n" ? Math.min(at + 1, rows.length - 1) : Math.max(at - 1, 0);
  rows[next].focus({ preventScroll: true });
  const position = document.querySelector("[data-change-position]");
  if (position) position.textContent = `(${next + 1} of ${rows.length})`;
  rows[next].scrollIntoView({ block: "start", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  event.preventDefault();
});

document.addEventListener("click", (event) => {
  if (event.target instanceof Element && event.target.closest("[data-print]")) window.print();
});
