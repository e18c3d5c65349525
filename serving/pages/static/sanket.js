// The pages work without this. With it they open without a network, and a finding ticked then is sent later.
"use strict";
(() => {
  const KEPT = "sanket-kept";
  const banner = document.getElementById("offline");
  const kept = () => JSON.parse(localStorage.getItem(KEPT) || "[]");
  const keep = (list) => localStorage.setItem(KEPT, JSON.stringify(list));
  const worker = () => navigator.serviceWorker && navigator.serviceWorker.controller;
  const tell = (message) => worker() && worker().postMessage(message);

  function connection() {
    banner.hidden = navigator.onLine;
    if (navigator.onLine) send();
  }

  let sending = false;
  async function send() {
    if (sending) return;
    sending = true;
    try {
      for (const form of kept()) {
        const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(form.fields) });
        if (answer.status >= 500 || new URL(answer.url).pathname === "/sign-in") break;
        keep(kept().filter((other) => other.id !== form.id));
      }
    } catch { /* still no network: they stay kept */ }
    sending = false;
  }

  async function submitted(event) {
    const form = event.target;
    if (!form.matches("form.outcome") || navigator.onLine) return;
    event.preventDefault();
    const fields = [...new FormData(form)];
    keep([...kept(), { id: `${Date.now()}-${Math.random()}`, action: form.getAttribute("action"), fields }]);
    const said = document.createElement("p");
    said.className = "note";
    said.setAttribute("role", "status");
    said.textContent = document.getElementById("content").dataset.kept;
    form.replaceWith(said);
  }

  document.addEventListener("submit", submitted);
  document.addEventListener("submit", (event) => { if (event.target.id === "sign-out") { localStorage.removeItem(KEPT); tell({ forget: true }); } });
  document.addEventListener("click", (event) => { if (event.target.closest(".languages a")) tell({ forget: true }); });
  addEventListener("online", connection);
  addEventListener("offline", connection);
  if ("serviceWorker" in navigator) {
    navigator.serviceWorker.register("/sw.js").then(() => navigator.serviceWorker.ready).then(() => {
      const pages = [...document.querySelectorAll(".who a")].map((link) => link.pathname);
      if (location.pathname === "/visits") setTimeout(() => tell({ keep: [location.pathname + location.search, ...pages] }), 500);
    });
  }
  connection();
})();
