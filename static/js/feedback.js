// What the server answered, said in sentences: toasts, failed requests, a lost session; and focus kept where the person was.

const lifetime = 7000;
const most = 3;

// ---- toasts ----

function icon(level) {
  const use = document.querySelector(`#toast-icons [data-level="${level}"]`);
  return use ? use.cloneNode(true) : null;
}

function toast({ level = "info", text, link, action }) {
  const urgent = level === "error" || level === "warning";
  const region = document.getElementById(urgent ? "toasts-urgent" : "toasts");
  if (!region || !text) return;
  for (const other of region.children) if (other.dataset.text === text) other.remove();
  const box = document.createElement("div");
  box.className = `toast toast-${level}`;
  box.dataset.text = text;
  box.append(icon(level) ?? "");
  const body = document.createElement("div");
  body.textContent = text;
  if (link) {
    const anchor = document.createElement("a");
    anchor.href = link.url;
    anchor.target = "_blank";
    anchor.rel = "noopener";
    anchor.textContent = link.text;
    body.append(" ", anchor);
  }
  if (action) body.append(" ", actionButton(action, box));
  const close = document.createElement("button");
  close.type = "button";
  close.className = "button button-subtle button-icon button-small";
  close.dataset.closeToast = "";
  close.setAttribute("aria-label", "Dismiss this message");
  close.append(icon("close") ?? "×");
  box.append(body, close);
  region.append(box);
}

// What can be done about it, Undo for one. The focus goes to the row that it changes, since the message is closed.
function actionButton({ label, url, values }, box) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button button-small";
  button.textContent = label;
  button.addEventListener("click", () => {
    const row = document.getElementById(values.row);
    if (row) giveFocus(row.querySelector("[data-edit] > summary") ?? row);
    box.remove();
    htmx.ajax("POST", url, { source: document.body, target: row ?? document.body, swap: "none", values });
  });
  return button;
}

// A person may need longer than the timer: pointing at a message or focusing it keeps it. Failures stay until closed.
function retire(box) {
  if (!box.matches(".toast-success, .toast-info")) return;
  const leave = () => (box.matches(":hover, :focus-within") ? setTimeout(leave, lifetime) : box.remove());
  setTimeout(leave, lifetime);
}

document.addEventListener("toast", (event) => toast(event.detail));
document.addEventListener("click", (event) => {
  if (event.target instanceof Element) event.target.closest("[data-close-toast]")?.closest(".toast, .flash")?.remove();
});

// A new one pushes out the oldest, those that would go by themselves first.
const stays = (box) => !box.matches(".toast-success, .toast-info");
const toasts = document.querySelector(".toasts");
const born = new Map();

function takeIn() {
  const all = [...document.querySelectorAll(".toasts .toast")];
  for (const box of all.filter((box) => !born.has(box))) {
    born.set(box, born.size);
    retire(box);
  }
  all.sort((one, other) => born.get(one) - born.get(other));
  const older = all.slice(0, -1).sort((one, other) => stays(one) - stays(other));
  for (const box of older.slice(0, Math.max(0, all.length - most))) box.remove();
  dodge();
}

// They stand in the first corner in which they cover neither an editor, nor an open menu, nor what has the focus.
const corners = ["bottom-left", "bottom-right", "top-right", "top-left"];

function dodge() {
  if (!toasts?.querySelector(".toast")) return;
  const kept = [...document.querySelectorAll("details.menu[open] > .menu-panel, form.editor"), document.activeElement]
    .filter((element) => element && element !== document.body && !toasts.contains(element))
    .map((element) => element.getBoundingClientRect());
  const free = (corner) => {
    toasts.dataset.corner = corner;
    const at = toasts.getBoundingClientRect();
    return !kept.some((box) => box.width && box.left < at.right && at.left < box.right && box.top < at.bottom && at.top < box.bottom);
  };
  if (!corners.some(free)) toasts.dataset.corner = corners[0];
}

if (toasts) new MutationObserver(takeIn).observe(toasts, { childList: true, subtree: true });
takeIn();
// A menu is given its place when it opens, so they look for theirs a moment later.
for (const name of ["toggle", "focusin", "htmx:afterSettle", "scroll", "resize"]) addEventListener(name, () => requestAnimationFrame(dodge), true);

// ---- failed requests ----

const kept = "Nothing you typed is lost: it is still on this page.";

function sentence(status) {
  if (status === 403) return "You may not do this, or this page is out of date. Nothing was changed. Reload the page and try again, or ask a connection admin for the right.";
  if (status === 404) return "This is not there any more. Nothing was changed. Reload the page to see what is true now.";
  if (status === 409) return "Someone else changed this meanwhile. Nothing was overwritten. Reload the page to see the newer version.";
  if (status === 413) return `This is too large to be sent. ${kept} Shorten it and try again.`;
  if (status === 429) return `Too many requests at once. ${kept} Wait a minute and try again.`;
  if (status >= 500) return `Trustdesk could not answer (error ${status}). ${kept} Try again; if it happens again, tell whoever runs this server.`;
  return `The request was not accepted (error ${status}). ${kept} Check it and try again.`;
}

function isSignIn(xhr) {
  return xhr.status === 401 || /data-page="sign-in"/.test(xhr.responseText.slice(0, 4000)) || isSignInAddress(xhr.getResponseHeader("HX-Redirect"));
}

function isSignInAddress(address) {
  return Boolean(address) && /\/login\/(\?|$)/.test(address);
}

function signInAgain() {
  const url = document.body.dataset.loginUrl || "/accounts/login/";
  toast({
    level: "error",
    text: `Your session has ended, so nothing was saved. ${kept} Sign in again, come back to this tab and repeat the step.`,
    link: { url, text: "Sign in in a new tab" },
  });
}

// Ahead of HX-Redirect: following it here would throw away what was typed.
document.addEventListener("htmx:beforeOnLoad", (event) => {
  if (!isSignIn(event.detail.xhr)) return;
  event.preventDefault();
  signInAgain();
});

// A refusal that brings its own fragment is shown in place; a whole page is not, it would land inside a row.
document.addEventListener("htmx:beforeSwap", (event) => {
  const detail = event.detail;
  const wholePage = /<html[\s>]/i.test(detail.serverResponse.slice(0, 2000));
  if (detail.xhr.status >= 400 && (wholePage || !detail.serverResponse.trim())) {
    detail.shouldSwap = false;
    detail.isError = true;
  }
  if (detail.shouldSwap) noteFocus(detail);
});

document.addEventListener("htmx:responseError", (event) => {
  const { xhr } = event.detail;
  // The server may have said it better already.
  if (!/"?toast"?/.test(xhr.getResponseHeader("HX-Trigger") ?? "")) toast({ level: "error", text: sentence(xhr.status) });
});

const unreachable = `Trustdesk cannot be reached. ${kept} Check the network and try again.`;

document.addEventListener("htmx:sendError", () => toast({ level: "error", text: unreachable }));

// Not true any more once the network is back or the server answered, whatever it said.
function reached() {
  for (const box of document.querySelectorAll(".toasts .toast")) if (box.dataset.text === unreachable) box.remove();
}

addEventListener("online", reached);
document.addEventListener("htmx:beforeOnLoad", reached);

document.addEventListener("htmx:timeout", () =>
  toast({ level: "error", text: `Trustdesk took too long to answer, so it is not known whether this was done. ${kept} Reload in a minute to see what is true.` }),
);

document.addEventListener("htmx:swapError", () =>
  toast({ level: "error", text: "The answer could not be shown. Reload the page to see what is true now." }),
);

// ---- CSRF: signing in again in another tab renews the token, and this page must use the new one ----

function csrfCookie() {
  return document.cookie.match(/(?:^|; )(?:__Host-|__Secure-)?csrftoken=([^;]+)/)?.[1];
}

document.addEventListener("htmx:configRequest", (event) => {
  const { headers, formData } = event.detail;
  const token = csrfCookie();
  if (!token) return;
  headers["X-CSRFToken"] = token;
  // Django looks into the fields first; those of every form around come along.
  if (formData.has("csrfmiddlewaretoken")) formData.set("csrfmiddlewaretoken", token);
});

document.addEventListener("submit", (event) => {
  const field = event.target.querySelector("input[name=csrfmiddlewaretoken]");
  const token = csrfCookie();
  if (field && token) field.value = token;
});

// ---- focus: a swap leaves it where the person is. htmx restores what has an id; the rest is found again by its row ----

let lost = null; // what a swap takes away with what it replaces
let elsewhere = null; // what has the focus outside: an answer that comes late does not take it

const rows = () => [...document.querySelectorAll("main [data-row]")];

function noteFocus({ target, requestConfig }) {
  lost = elsewhere = null;
  const focused = document.activeElement;
  if (!focused || focused === document.body) return;
  if (target !== focused && !target.contains(focused)) {
    if (!requestConfig?.elt.contains(focused)) elsewhere = focused;
    return;
  }
  const row = focused.closest("[data-row][id]");
  lost = {
    id: focused.id,
    row: row?.id,
    at: rows().indexOf(row),
    twin: twinOf(focused),
    target: target.id,
    edit: row === target && "editAgain" in row.dataset,
  };
  if (row) delete row.dataset.editAgain;
}

// What will stand for a focused element without an id: the same choice of a form, the link of the same name.
function twinOf(element) {
  const equal = (name) => `[${name}="${CSS.escape(element.getAttribute(name) ?? "")}"]`;
  if (element.matches("a[href]")) return { selector: "a[href]", text: element.textContent };
  if (!element.name) return null;
  const choice = element.matches("button, [type=radio], [type=checkbox]");
  return { selector: choice ? equal("name") + equal("value") : equal("name") };
}

function twinIn(id, { selector, text }) {
  const found = document.getElementById(id)?.querySelectorAll(selector) ?? [];
  return [...found].find((element) => text === undefined || element.textContent === text);
}

function giveFocus(element) {
  if (element.tabIndex < 0 && !element.hasAttribute("tabindex")) element.setAttribute("tabindex", "-1");
  element.focus({ preventScroll: true });
}

document.addEventListener("htmx:afterSettle", () => {
  if (elsewhere?.isConnected && document.activeElement !== elsewhere) giveFocus(elsewhere);
  elsewhere = null;
  if (!lost) return;
  const { id, row, at, twin, target, edit } = lost;
  lost = null;
  const editor = row && document.getElementById(row)?.querySelector("[data-edit] > summary, [data-edit]:not(details)");
  if (document.activeElement && document.activeElement !== document.body) return;
  const next =
    (id && document.getElementById(id)) ||
    editor ||
    (row && document.getElementById(row)) ||
    (target && twin && twinIn(target, twin)) ||
    (row && rows()[Math.min(at, rows().length - 1)]) ||
    (target && document.getElementById(target));
  if (!next) return;
  giveFocus(next);
  if (edit && next === editor) next.click();
});
