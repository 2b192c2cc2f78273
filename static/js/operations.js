// Remote work that takes longer than its request waited: the element that asked asks on, and gets the answer as if it had
// come at once. Nothing on the page is replaced before that.

const waiting = new Map();

function tell(level, text) {
  document.dispatchEvent(new CustomEvent("toast", { detail: { level, text } }));
}

document.addEventListener("operation", (event) => {
  const elt = event.target;
  const { url, again, text } = event.detail;
  if (waiting.get(elt) !== url) tell("info", text);
  waiting.set(elt, url);
  elt.setAttribute("aria-busy", "true");
  setTimeout(() => {
    const where = elt.isConnected ? { source: elt } : { source: document.body, target: document.body, swap: "none" };
    htmx.ajax("GET", url, where);
  }, again * 1000);
});

// The address says it all: what the form holds is not sent along.
document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.verb === "get" && event.detail.path === waiting.get(event.detail.elt)) event.detail.parameters = {};
});

document.addEventListener("htmx:beforeRequest", (event) => {
  const { elt, pathInfo } = event.detail;
  if (!waiting.has(elt) || pathInfo.requestPath === waiting.get(elt)) return;
  event.preventDefault();
  tell("info", "This is still being worked on. The result appears here when it is there.");
});

// Anything but "still working" ends it: the answer, a refusal, or a connection that is gone.
document.addEventListener("htmx:beforeOnLoad", (event) => {
  const { elt, xhr } = event.detail;
  if (xhr.status === 202 || !waiting.has(elt)) return;
  waiting.delete(elt);
  elt.removeAttribute("aria-busy");
});

for (const failure of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(failure, (event) => {
    const { elt } = event.detail;
    if (!waiting.has(elt)) return;
    waiting.delete(elt);
    elt.removeAttribute("aria-busy");
  });
}

// The page of an operation by itself: it is loaded anew once there is something to show.
const page = document.querySelector("[data-operation]");

async function look() {
  const answer = await fetch("?look").catch(() => null);
  if (answer && answer.status !== 202) location.replace(location.pathname);
  else setTimeout(look, page.dataset.operation * 1000);
}

if (page) setTimeout(look, page.dataset.operation * 1000);
