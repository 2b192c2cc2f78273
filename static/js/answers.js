// The form of a document: lists and records grow, shrink and move; nobody leaves while an answer is still on its way.

const changed = (element) => element.dispatchEvent(new Event("change", { bubbles: true }));
const answerOf = (element) => (element instanceof Element ? element.closest("[data-answer]") : null);

// What only the page itself asks for: no answer, and nothing that is sent.
const isOfThePage = (input) => input instanceof Element && input.matches("[data-find-record], [data-place] input");

for (const type of ["change", "input"]) {
  document.addEventListener(
    type,
    (event) => {
      if (!isOfThePage(event.target)) return;
      event.stopImmediatePropagation();
      if (event.target.matches("[data-find-record]")) findRecords(event.target);
    },
    true,
  );
}

// ---- controls for browsers without JavaScript: htmx parses what it swaps in as such a browser would, so that they would
// be controls of the form here too, unseen but sent ----

function withoutNoscript(root) {
  for (const other of root.querySelectorAll("noscript")) other.remove();
  for (const template of root.querySelectorAll("template")) withoutNoscript(template.content);
}

document.addEventListener("htmx:load", (event) => withoutNoscript(event.detail.elt));

// ---- lists: one entry per line, Enter and pasted lines make more ----

function addEntry(box, text = "", after = null) {
  const entry = box.querySelector(":scope > template").content.firstElementChild.cloneNode(true);
  const input = entry.querySelector("input");
  input.value = text;
  if (after) after.after(entry);
  else box.querySelector(":scope > [data-entry-list]").append(entry);
  return input;
}

document.addEventListener("paste", (event) => {
  const input = event.target;
  const entry = input instanceof HTMLInputElement ? input.closest("[data-entry-list] > li") : null;
  const lines = (event.clipboardData?.getData("text") ?? "").split(/\r?\n/).map((line) => line.trim()).filter(Boolean);
  if (!entry || lines.length < 2) return;
  event.preventDefault();
  const box = entry.closest("[data-entries]");
  input.setRangeText(lines[0], input.selectionStart, input.selectionEnd, "end");
  let last = entry;
  for (const line of lines.slice(1)) last = addEntry(box, line, last).closest("li");
  last.querySelector("input").focus();
  changed(input);
});

document.addEventListener("keydown", (event) => {
  const input = event.target;
  if (event.key !== "Enter" || event.isComposing || !(input instanceof HTMLInputElement) || !answerOf(input)) return;
  if (!input.matches("[type=text]")) return;
  // Enter in a form would send the whole section; here it ends the answer, and in a list begins the next entry.
  event.preventDefault();
  const entry = input.closest("[data-entry-list] > li");
  if (entry && input.value.trim()) addEntry(entry.closest("[data-entries]"), "", entry).focus();
  else input.blur();
});

// ---- records ----

let fresh = 0;

// Everything that a record posts goes by its token.
function rename(root, key, from, to) {
  for (const input of root.querySelectorAll("[name]")) {
    if (input.name === `${key}.row`) input.value = to;
    else if (input.name.startsWith(`${key}.${from}.`)) input.name = `${key}.${to}.${input.name.slice(`${key}.${from}.`.length)}`;
  }
  for (const template of root.querySelectorAll("template")) rename(template.content, key, from, to);
}

const tokenOf = (record, key) => [...record.querySelectorAll("[name]")].find((input) => input.name === `${key}.row`)?.value;

// A list that was kept names its records anew, so that the next change finds each of them wherever it stands then.
document.addEventListener("htmx:afterSwap", () => {
  for (const side of document.querySelectorAll("[data-renamed]")) {
    const tokens = JSON.parse(side.dataset.renamed);
    side.removeAttribute("data-renamed");
    const field = answerOf(side)?.querySelector("[data-records]");
    if (!field) continue;
    const key = field.dataset.records;
    for (const record of field.querySelectorAll(":scope > [data-record-list] > [data-record]")) {
      const token = tokenOf(record, key);
      if (token in tokens) rename(record, key, token, tokens[token]);
    }
  }
});

// What a folded record holds is asked for by the name that it has now.
document.addEventListener("htmx:configRequest", (event) => {
  const record = event.detail.verb === "get" && event.detail.elt.closest("[data-record]");
  if (!record) return;
  const address = new URL(event.detail.path, location.href);
  address.searchParams.set("token", tokenOf(record, record.closest("[data-records]").dataset.records));
  event.detail.path = address.pathname + address.search;
});

function addRecord(field) {
  const record = field.querySelector(":scope > template").content.firstElementChild.cloneNode(true);
  const key = field.dataset.records;
  const token = `new-${Date.now()}-${(fresh += 1)}`;
  rename(record, key, "new", token);
  field.querySelector(":scope > [data-record-list]").append(record);
  const find = field.querySelector("[data-find-record]");
  if (find?.value) {
    find.value = "";
    findRecords(find);
  }
  record.querySelector("input[type=text]")?.focus();
}

function moveRecord(record, up, button) {
  const next = (item) => (up ? item.previousElementSibling : item.nextElementSibling);
  let other = next(record);
  while (other?.hidden) other = next(other);
  if (!other) return;
  if (up) other.before(record);
  else other.after(record);
  button.focus();
  changed(record);
}

// A record is moved to a place by its number, or dragged there.

function askPlace(record, button) {
  const open = record.querySelector(":scope > .record-actions [data-place]");
  if (open) return open.remove();
  const list = record.parentElement;
  const asked = list.parentElement.querySelector(":scope > template[data-place]").content.firstElementChild.cloneNode(true);
  asked.dataset.place = "";
  const input = asked.querySelector("input");
  input.max = list.children.length;
  input.value = [...list.children].indexOf(record) + 1;
  button.before(asked);
  input.select();
}

function moveTo(record, number) {
  const list = record.parentElement;
  const others = [...list.children].filter((other) => other !== record);
  const place = Math.min(Math.max(number, 1), others.length + 1) - 1;
  if (list.children[place] === record) return;
  list.insertBefore(record, others[place] ?? null);
  changed(record);
}

document.addEventListener("keydown", (event) => {
  const asked = event.target instanceof Element ? event.target.closest("[data-place]") : null;
  if (!asked || !["Enter", "Escape"].includes(event.key)) return;
  event.preventDefault();
  const record = asked.closest("[data-record]");
  const number = Number.parseInt(event.target.value, 10);
  asked.remove();
  if (event.key === "Enter" && number) moveTo(record, number);
  record.querySelector("[data-move-to]").focus();
});

document.addEventListener("focusout", (event) => {
  const asked = event.target instanceof Element ? event.target.closest("[data-place]") : null;
  if (asked && event.relatedTarget && !event.relatedTarget.matches("[data-move-to]")) setTimeout(() => asked.remove());
});

let dragged = null;

document.addEventListener("dragstart", (event) => {
  const handle = event.target instanceof Element ? event.target.closest("[data-drag]") : null;
  if (!handle) return;
  dragged = handle.closest("[data-record]");
  dragged.dataset.dragged = "";
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", "");
  event.dataTransfer.setDragImage(dragged, 0, 0);
});

document.addEventListener("dragover", (event) => {
  const over = event.target instanceof Element ? event.target.closest("[data-record]") : null;
  if (!dragged || over?.parentElement !== dragged.parentElement) return;
  event.preventDefault();
  if (over === dragged) return;
  const box = over.getBoundingClientRect();
  const after = event.clientY > box.top + box.height / 2;
  over.parentElement.insertBefore(dragged, after ? over.nextElementSibling : over);
});

document.addEventListener("drop", (event) => dragged && event.preventDefault());

document.addEventListener("dragend", () => {
  if (!dragged) return;
  delete dragged.dataset.dragged;
  changed(dragged); // where it went back to its place, the answer is the same
  dragged = null;
});

// Among many records those are shown whose names hold what is looked for.
function findRecords(input) {
  const wanted = input.value.trim().toLocaleLowerCase();
  const records = [...input.closest("[data-records]").querySelectorAll(":scope > [data-record-list] > [data-record]")];
  for (const record of records) {
    record.hidden = !record.querySelector("[data-record-title]").textContent.toLocaleLowerCase().includes(wanted);
  }
  const found = records.filter((record) => !record.hidden).length;
  const line = input.parentElement.querySelector("[role=status]");
  line.textContent = wanted ? `${found.toLocaleString("en")} of ${records.length.toLocaleString("en")}` : "";
}

function removed(item, selector) {
  const list = item.parentElement;
  const next = item.nextElementSibling ?? item.previousElementSibling;
  item.remove();
  (next?.querySelector(selector) ?? list.parentElement.querySelector("[data-add-entry], [data-add-record]"))?.focus();
  changed(list);
}

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("button") : null;
  if (!button || !answerOf(button)) return;
  if (button.matches("[data-add-entry]")) addEntry(button.closest("[data-entries]")).focus();
  else if (button.matches("[data-remove-entry]")) removed(button.closest("li"), "input");
  else if (button.matches("[data-add-record]")) addRecord(button.closest("[data-records]"));
  else if (button.matches("[data-remove-record]")) removed(button.closest("[data-record]"), "summary");
  else if (button.matches("[data-move-to]")) askPlace(button.closest("[data-record]"), button);
  else if (button.matches("[data-send-again]")) changed(answerOf(button));
  else if (button.matches("[data-move]")) moveRecord(button.closest("[data-record]"), button.dataset.move === "up", button);
});

// ---- small things while typing ----

document.addEventListener("input", (event) => {
  const input = event.target;
  const answer = answerOf(input);
  if (!answer) return;
  unsaved.add(answer);
  if (input.dataset.counted) {
    const count = [...input.value].length;
    const noun = count === 1 ? "character" : "characters";
    document.getElementById(input.dataset.counted).textContent = `${count.toLocaleString("en")} ${noun}`;
  }
  if (input.matches("[data-names-record]") && input.value.trim()) {
    input.closest("[data-record]").querySelector("[data-record-title]").textContent = input.value;
  }
  if (input.matches("[data-other]") && input.value.trim()) {
    for (const radio of input.closest("fieldset").querySelectorAll("input[type=radio]")) radio.checked = false;
  }
  if (input.matches("input[type=radio]")) {
    const other = input.closest("fieldset").querySelector("[data-other]");
    if (other) other.value = "";
  }
});

// ---- nothing typed is left behind: links and forms wait for answers that are on their way ----

// Typed, or refused: only on this page. Changed: htmx sends it now, or queues it. Underway: how many requests are out.
const unsaved = new Set();
const pending = new Set();
const underway = new Map();
let later = null;

function showBusy(answer) {
  if (pending.has(answer) || underway.has(answer)) answer.setAttribute("aria-busy", "true");
  else answer.removeAttribute("aria-busy");
}

// Captured, so that it comes ahead of htmx.
document.addEventListener(
  "change",
  (event) => {
    const answer = answerOf(event.target);
    if (!answer) return;
    pending.add(answer);
    showBusy(answer);
  },
  true,
);

document.addEventListener("htmx:beforeRequest", (event) => {
  const answer = answerOf(event.detail.elt);
  if (!answer || event.detail.requestConfig.verb !== "post") return;
  unsaved.delete(answer);
  pending.delete(answer);
  underway.set(answer, (underway.get(answer) ?? 0) + 1);
  showBusy(answer);
  say(answer, false);
});

document.addEventListener("htmx:afterRequest", (event) => {
  const answer = answerOf(event.detail.elt) ?? answerOf(event.detail.target);
  if (event.detail.requestConfig?.verb !== "post") return;
  if (answer) settle(answer, event.detail.xhr.status);
  goOn();
});

function settle(answer, status) {
  underway.set(answer, (underway.get(answer) ?? 1) - 1);
  if (underway.get(answer) <= 0) underway.delete(answer);
  if (status === 0 || status >= 400) {
    unsaved.add(answer);
    if (later) goTo(answer);
    later = null;
    if (status !== 409 && status !== 422) say(answer, true);
  }
  showBusy(answer);
}

// What an answer redraws must not take away what was typed since and is not sent yet: htmx would drop it from its queue.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (pending.has(event.detail.target)) event.detail.shouldSwap = false;
});

document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const answer = event.detail.target;
  if (pending.has(answer) || unsaved.has(answer)) event.preventDefault();
});

// What is saved to Marketplace is what is saved here: an answer that is on this page alone would be left out.
function goTo(answer) {
  const line = document.querySelector("[data-not-sent]");
  if (line) line.hidden = false;
  answer.querySelector("[aria-invalid=true], input:not([type=hidden]), textarea, select")?.focus();
  answer.scrollIntoView({ block: "center" }); // not under the bar, which stays in view
}

function say(answer, failed) {
  const line = answer.querySelector("[data-unsent]");
  if (line) line.hidden = !failed;
}

// A browser tells of a change once: what did not get through is sent again when the network is back, or by hand.
addEventListener("online", () => {
  for (const answer of [...unsaved]) if (answer.querySelector("[data-unsent]:not([hidden])")) changed(answer);
});

function waiting() {
  for (const answers of [unsaved, pending, underway]) {
    for (const answer of answers.keys()) if (!answer.isConnected) answers.delete(answer);
  }
  return pending.size + underway.size > 0;
}

function goOn() {
  // After htmx took the next request out of its queue.
  setTimeout(() => {
    if (!later || waiting()) return;
    const go = later;
    later = null;
    go();
  });
}

document.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
  if (!link || link.target || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  if (link.hash && link.pathname === location.pathname && link.search === location.search) return;
  if (!waiting()) return;
  event.preventDefault();
  later = () => location.assign(link.href);
});

document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    if (form.matches("[hx-post]") || form.method === "dialog") return;
    const refused = !waiting() && form.matches("[data-needs-answers]") ? [...unsaved][0] : null;
    if (!refused && !waiting()) return;
    event.preventDefault();
    if (refused) {
      event.stopImmediatePropagation();
      goTo(refused);
      return;
    }
    event.stopImmediatePropagation();
    const submitter = event.submitter;
    later = () => {
      // The answer redraws the bar that most of these forms stand in; then the new one is sent.
      const action = form.getAttribute("action");
      const standing = form.isConnected ? form : [...document.forms].find((other) => other.getAttribute("action") === action);
      standing?.requestSubmit(submitter?.isConnected ? submitter : undefined);
    };
  },
  true,
);

addEventListener("beforeunload", (event) => {
  if (waiting() || unsaved.size) event.preventDefault();
});

// ---- an answer in which a check found an error is an invalid one; the checks beneath it come with any answer ----

function markInvalid(findings) {
  const answer = answerOf(findings);
  const controls = answer?.querySelectorAll(".answer-main :is(input, textarea, select):not([type=hidden], [data-find-record])") ?? [];
  if (answer?.querySelector(".answer-side .callout") || controls.length !== 1) return; // a conflict; or any of them may be meant
  if (answer.querySelector(".answer-main :is(.finding-error, .field-error)")) controls[0].setAttribute("aria-invalid", "true");
  else controls[0].removeAttribute("aria-invalid");
}

const markAll = () => document.querySelectorAll("[data-answer] .findings").forEach(markInvalid);
document.addEventListener("htmx:oobAfterSwap", markAll);
markAll();

// ---- on a narrow screen the sections scroll in a box of their own: the current one has to be seen there ----

function showCurrentSection() {
  const box = document.getElementById("section-nav");
  const current = box?.querySelector("[aria-current]");
  if (current) box.scrollTop += current.getBoundingClientRect().top - box.getBoundingClientRect().top - box.clientHeight / 3;
}

document.addEventListener("htmx:oobAfterSwap", (event) => event.detail.target?.id === "section-nav" && showCurrentSection());
showCurrentSection();
