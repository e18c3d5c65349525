// The pages work without this. With it they open without a network, and a finding ticked then is sent later.
"use strict";
(() => {
  const KEPT = "sanket-kept", PATIENCE_MS = 15000;
  const said = document.getElementById("content").dataset;
  const banner = document.getElementById("offline");
  const kept = () => JSON.parse(localStorage.getItem(KEPT) || "[]");
  const keep = (list) => localStorage.setItem(KEPT, JSON.stringify(list));
  const worker = () => navigator.serviceWorker && navigator.serviceWorker.controller;
  const tell = (message) => worker() && worker().postMessage(message);

  function connection() {
    banner.hidden = navigator.onLine;
    if (navigator.onLine) send();
  }

  // The answer, or null where none came in time: a phone may think that it has a network and have none.
  async function post(action, fields) {
    const stop = new AbortController();
    const late = setTimeout(() => stop.abort(), PATIENCE_MS);
    try { return await fetch(action, { method: "POST", body: new URLSearchParams(fields), signal: stop.signal }); }
    catch { return null; }
    finally { clearTimeout(late); }
  }

  let sending = false;
  async function send() {
    if (sending) return;
    sending = true;
    for (const form of kept().filter((other) => !other.refused)) {
      const answer = await post(form.action, form.fields);
      if (!answer || answer.status >= 500 || new URL(answer.url).pathname === "/sign-in") break;
      const others = kept().filter((other) => other.id !== form.id);
      keep(answer.ok ? others : [...others, { ...form, refused: true }]);
    }
    sending = false;
  }

  function note(said) {
    const made = document.createElement("p");
    made.className = "note";
    made.setAttribute("role", "status");
    made.textContent = said;
    return made;
  }

  async function submitted(event) {
    const form = event.target;
    if (!form.matches("form.outcome")) return;
    event.preventDefault();
    const action = form.getAttribute("action"), fields = [...new FormData(form)], online = navigator.onLine;
    for (const button of form.querySelectorAll("button")) button.disabled = true;
    const answer = online ? await post(action, fields) : null;
    if (answer && answer.ok) { location.assign(answer.url); return; }
    if (answer && answer.status < 500) { form.submit(); return; }
    keep([...kept(), { id: `${Date.now()}-${Math.random()}`, action, fields }]);
    form.replaceWith(note(online ? said.slow : said.kept));
  }

  // What is still kept on this phone stands where it was ticked; what was not accepted is said once.
  function remind() {
    for (const form of document.querySelectorAll("form.outcome")) {
      const mine = kept().find((other) => other.action === form.getAttribute("action"));
      if (!mine) continue;
      const told = note(mine.refused ? `${said.refused} ${Object.fromEntries(mine.fields).visited_on}` : said.kept);
      if (form.closest("details")) form.closest("details").open = true;
      if (mine.refused) { form.before(told); keep(kept().filter((other) => other.id !== mine.id)); } else form.replaceWith(told);
    }
  }

  // An arm that fits neither unit is refused while it is typed: without a network nobody else would say so.
  for (const arm of document.querySelectorAll("form.outcome [name=muac_mm]")) {
    arm.pattern = said.arm;
    arm.title = said.armWritten;
  }

  document.addEventListener("submit", submitted);
  document.addEventListener("submit", (event) => { if (event.target.id === "sign-out") { localStorage.removeItem(KEPT); tell({ forget: true }); } });
  document.addEventListener("click", (event) => { if (event.target.closest(".languages a")) tell({ forget: true }); });
  addEventListener("online", connection);
  addEventListener("offline", connection);
  if ("serviceWorker" in navigator) {
    navigator.serviceWorker.register("/sw.js").then(() => navigator.serviceWorker.ready).then(() => {
      const pages = [...document.querySelectorAll(".who a")].map((link) => link.pathname);
      const fonts = () => performance.getEntriesByType("resource").map((entry) => new URL(entry.name).pathname).filter((path) => path.endsWith(".woff2"));
      if (location.pathname === "/visits") setTimeout(() => tell({ keep: [...fonts(), location.pathname + location.search, ...pages] }), 500);
    });
  }
  if ("serviceWorker" in navigator) navigator.serviceWorker.addEventListener("message", (event) => { if (event.data.stale) banner.hidden = false; });
  remind();
  connection();
})();
