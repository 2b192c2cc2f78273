// Runs before the first paint, so that neither the theme nor the navigation flickers. Kept apart and blocking for that reason only.
(function () {
  const root = document.documentElement;
  root.classList.add("js");
  try {
    const theme = localStorage.getItem("trustdesk.theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    if (localStorage.getItem("trustdesk.nav") === "collapsed") root.dataset.nav = "collapsed";
  } catch {
    // Storage can be forbidden by the browser; the system's theme is then followed.
  }
})();
