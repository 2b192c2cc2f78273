// What opens and closes: theme choice, navigation, menus, dialogs, confirmation, relative times.

const root = document.documentElement;
const narrow = matchMedia("(max-width: 48rem)");

function remember(key, value) {
  try {
    if (value) localStorage.setItem(key, value);
    else localStorage.removeItem(key);
  } catch {
    // Without storage the choice holds until the page is left.
  }
}

// ---- theme ----

function showTheme() {
  const current = root.dataset.theme ?? "system";
  for (const button of document.querySelectorAll("[data-theme-choice]")) {
    button.setAttribute("aria-pressed", String(button.dataset.themeChoice === current));
  }
}

function chooseTheme(choice) {
  if (choice === "system") delete root.dataset.theme;
  else root.dataset.theme = choice;
  remember("trustdesk.theme", choice === "system" ? "" : choice);
  showTheme();
}

// ---- navigation ----

function toggleNavigation(button) {
  const sidebar = document.getElementById(button.getAttribute("aria-controls"));
  if (!sidebar) return;
  if (narrow.matches) {
    sidebar.toggleAttribute("data-open");
    if (sidebar.hasAttribute("data-open")) sidebar.querySelector("a")?.focus();
  } else {
    const collapsed = root.dataset.nav === "collapsed";
    if (collapsed) delete root.dataset.nav;
    else root.dataset.nav = "collapsed";
    remember("trustdesk.nav", collapsed ? "" : "collapsed");
  }
  showNavigation();
}

function showNavigation() {
  for (const button of document.querySelectorAll(".nav-toggle")) {
    const sidebar = document.getElementById(button.getAttribute("aria-controls"));
    const open = narrow.matches ? sidebar?.hasAttribute("data-open") : root.dataset.nav !== "collapsed";
    button.setAttribute("aria-expanded", String(Boolean(open)));
  }
}

function closeNavigation() {
  const open = document.querySelector(".sidebar[data-open]");
  if (!open) return false;
  open.removeAttribute("data-open");
  showNavigation();
  document.querySelector(".nav-toggle")?.focus();
  return true;
}

// ---- menus: a table may scroll and would cut a panel off, so panels are placed against the window ----

function place(panel, anchor) {
  const edge = 8;
  panel.style.position = "fixed";
  panel.style.right = "auto";
  panel.style.bottom = "auto";
  panel.style.maxHeight = `${window.innerHeight - 2 * edge}px`;
  const from = anchor.getBoundingClientRect();
  const size = panel.getBoundingClientRect();
  const atEnd = anchor.parentElement.classList.contains("menu-end");
  const left = atEnd ? from.right - size.width : from.left;
  const below = from.bottom + 4;
  const top = below + size.height > window.innerHeight - edge ? from.top - size.height - 4 : below;
  panel.style.left = `${Math.max(edge, Math.min(left, window.innerWidth - size.width - edge))}px`;
  panel.style.top = `${Math.max(edge, Math.min(top, window.innerHeight - size.height - edge))}px`;
}

function placeOpenMenus() {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    const panel = menu.querySelector(":scope > .menu-panel");
    if (panel) place(panel, menu.querySelector(":scope > summary"));
  }
}

function closeMenus(except) {
  let closed = false;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (menu.contains(except)) continue;
    const hadFocus = menu.contains(document.activeElement);
    menu.open = false;
    if (hadFocus && !except) menu.querySelector("summary")?.focus();
    closed = true;
  }
  return closed;
}

document.addEventListener(
  "toggle",
  (event) => {
    const menu = event.target;
    if (!(menu instanceof HTMLDetailsElement) || !menu.classList.contains("menu") || !menu.open) return;
    closeMenus(menu);
    placeOpenMenus();
    // This event comes a moment later: who went on meanwhile is not called back.
    if (menu.contains(document.activeElement) || document.activeElement === document.body) menu.querySelector("[autofocus]")?.focus();
  },
  true,
);

document.addEventListener(
  "scroll",
  (event) => {
    if (event.target instanceof Element && event.target.closest(".menu-panel")) return;
    placeOpenMenus();
  },
  { capture: true, passive: true },
);

// ---- dialogs ----

function openDialog(id) {
  const dialog = document.getElementById(id);
  if (dialog instanceof HTMLDialogElement && !dialog.open) dialog.showModal();
}

// One dialog asks every question of this kind; the browser's own box would say "This page says".
function ask(question, { confirmLabel, danger }, proceed) {
  const dialog = document.getElementById("confirm-dialog");
  if (!dialog) return;
  dialog.querySelector("[data-question]").textContent = question;
  const yes = dialog.querySelector("[data-yes]");
  yes.textContent = confirmLabel || "Continue";
  yes.classList.toggle("button-danger", danger);
  yes.classList.toggle("button-primary", !danger);
  dialog.returnValue = "";
  dialog.addEventListener("close", () => dialog.returnValue === "yes" && proceed(), { once: true });
  dialog.showModal();
}

function questionOptions(element) {
  return { confirmLabel: element.dataset?.confirmLabel, danger: element.matches?.("[data-danger], .button-danger, :has(.button-danger)") ?? false };
}

document.addEventListener("htmx:confirm", (event) => {
  if (!event.detail.question) return;
  event.preventDefault();
  ask(event.detail.question, questionOptions(event.detail.elt), () => event.detail.issueRequest(true));
});

document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    const asking = event.submitter?.dataset.confirm ? event.submitter : form.dataset.confirm ? form : null;
    if (!asking || form.dataset.confirmed !== undefined) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const submitter = event.submitter;
    ask(asking.dataset.confirm, questionOptions(asking), () => {
      form.dataset.confirmed = "";
      form.requestSubmit(submitter);
      delete form.dataset.confirmed;
    });
  },
  true,
);

// ---- one listener for clicks and Escape ----

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  if (!target) return;
  closeMenus(target.closest("details.menu") ?? document.body);
  const themeChoice = target.closest("[data-theme-choice]");
  if (themeChoice) chooseTheme(themeChoice.dataset.themeChoice);
  const navToggle = target.closest(".nav-toggle");
  if (navToggle) toggleNavigation(navToggle);
  else if (!target.closest(".sidebar") && narrow.matches && document.querySelector(".sidebar[data-open]")) closeNavigation();
  const opener = target.closest("[data-dialog]");
  if (opener) {
    event.preventDefault();
    openDialog(opener.dataset.dialog);
  }
  const closer = target.closest("[data-close]");
  if (closer) {
    closer.closest("dialog")?.close();
    const menu = closer.closest("details.menu");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary")?.focus();
    }
  }
  if (target instanceof HTMLDialogElement) target.close();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
  if (closeMenus() || closeNavigation()) event.preventDefault();
});

// ---- relative times: the server wrote an absolute one, which stays as the title ----

const steps = [
  ["year", 31536000],
  ["month", 2592000],
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
];
const words = new Intl.RelativeTimeFormat(root.lang || "en", { numeric: "auto" });

function showTimes() {
  for (const time of document.querySelectorAll("time[data-relative]")) {
    const then = Date.parse(time.dateTime);
    if (Number.isNaN(then)) continue;
    if (!time.title) time.title = time.textContent.trim();
    const seconds = (then - Date.now()) / 1000;
    const step = steps.find(([, size]) => Math.abs(seconds) >= size);
    const text = step ? words.format(Math.round(seconds / step[1]), step[0]) : "just now";
    if (time.textContent !== text) time.textContent = text;
  }
}

narrow.addEventListener("change", showNavigation);
document.addEventListener("htmx:afterSettle", showTimes);
// A panel that was filled after it opened is larger than the place it was given.
document.addEventListener("htmx:afterSettle", placeOpenMenus);
setInterval(showTimes, 60000);
addEventListener("resize", placeOpenMenus);
showTheme();
showNavigation();
showTimes();
