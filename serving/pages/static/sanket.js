// The pages work without this. With it they open without a network, and a finding ticked then is sent later.
"use strict";
(() => {
  const KEPT = "sanket-kept", SIGNING_OUT = "sanket-signing-out", CORRECTING = "sanket-correcting", SENT = "sanket-sent";
  const PATIENCE_MS = 15000, DAY_MS = 86400000, LATER = [401, 408, 429];
  const byId = (id) => document.getElementById(id);
  const main = byId("content"), banner = byId("offline"), who = main.dataset.who, words = JSON.parse(main.dataset.words);
  const say = (word, facts) => words[word].replace(/\{(\w+)\}/g, (_, name) => facts[name]);

  // Findings that were not sent yet: {id, who, action, fields, shown, refused: why, if the service did not accept it}.
  const kept = () => JSON.parse(localStorage.getItem(KEPT) || "[]");
  const keep = (list) => localStorage.setItem(KEPT, JSON.stringify(list));
  const drop = (id) => keep(kept().filter((other) => other.id !== id));
  const isMine = (finding) => !!who && finding.who === who;
  const mine = () => (who ? kept().filter(isMine) : []);
  const worker = () => navigator.serviceWorker && navigator.serviceWorker.controller;
  const tell = (message) => worker() && worker().postMessage(message);

  function connection() {
    banner.hidden = navigator.onLine || !!document.querySelector("[data-fallback]");
    if (!navigator.onLine) { showWaiting(); grownOld(); }
    else if (localStorage.getItem(SIGNING_OUT)) signOutNow();
    else send();
  }

  // The answer, or null where none came in time: a phone may think that it has a network and have none.
  async function post(action, fields) {
    const stop = new AbortController();
    const late = setTimeout(() => stop.abort(), PATIENCE_MS);
    try { return await fetch(action, { method: "POST", body: new URLSearchParams(fields), signal: stop.signal }); }
    catch { return null; }
    finally { clearTimeout(late); }
  }

  // No answer, one that says "later", or the way to sign in: the finding waits.
  const tookNothing = (answer) => !answer || answer.status >= 500 || LATER.includes(answer.status) || new URL(answer.url).pathname === "/sign-in";

  let sending = false;
  async function send() {
    if (sending) return;
    sending = true;
    for (const finding of mine().filter((other) => !other.refused)) {
      const answer = await post(finding.action, finding.fields);
      if (tookNothing(answer)) break;
      const why = answer.ok ? "" : await whyNot(answer);
      if (answer.ok) drop(finding.id);
      else keep(kept().map((other) => (other.id === finding.id ? { ...other, refused: why } : other)));
    }
    sending = false;
    showWaiting();
  }

  // What the page of a refusal says, as people read it.
  async function whyNot(answer) {
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const said = page.querySelector(".faults") || page.querySelector("main p");
    return (said && said.textContent.trim()) || `${answer.status}`;
  }

  function made(name, text, more = {}) {
    const element = Object.assign(document.createElement(name), more);
    element.textContent = text;
    return element;
  }

  const childOf = (finding) => decodeURIComponent(finding.action.split("/")[2]);
  const told = (finding) => [childOf(finding), ...(finding.shown || finding.fields.filter(([name]) => !["back", "confirmed"].includes(name))).map(([label, value]) => `${label}: ${value}`)].join(", ");

  // Above every page: what waits on this phone and where, and what was not accepted, with its values and why.
  function showWaiting() {
    const place = byId("waiting"), all = kept(), waits = mine().filter((other) => !other.refused), refused = mine().filter((other) => other.refused);
    place.replaceChildren();
    place.hidden = !all.length;
    toSend(waits);
    // Who is not signed in is told how many there are, not of whom.
    if (!who) { place.append(made("h2", `${words.waiting_title}: ${all.length}`), made("p", words.waiting_where)); return; }
    if (waits.length) {
      const list = made("ul", "");
      list.append(...waits.map((finding) => made("li", told(finding))));
      place.append(made("h2", words.waiting_title), made("p", words.waiting_where), list);
    }
    if (refused.length) place.append(made("h2", words.refused_title), ...refused.map(refusal));
    const others = all.length - waits.length - refused.length;
    if (others) place.append(made("p", say("waiting_others", { n: others })), sendingOthers());
  }

  // Beside what is done: how many children's findings this phone has yet to send.
  function toSend(waits) {
    const place = byId("to-send"), n = new Set(waits.map(childOf)).size;
    if (!place) return;
    place.hidden = !n;
    place.textContent = n ? say("waiting_count", { n }) : "";
  }

  // Whoever did not tick a finding is asked before it is sent in their name.
  function sendingOthers() {
    const button = made("button", words.send_others, { type: "button", className: "quiet", id: "send-others" });
    button.addEventListener("click", () => {
      if (!confirm(words.send_others_asks)) return;
      keep(kept().map((finding) => (isMine(finding) ? finding : { ...finding, who })));
      send();
    });
    return button;
  }

  function refusal(finding) {
    const article = made("article", "", { className: "note" });
    const correct = made("button", words.correct_again, { type: "button", disabled: !navigator.onLine });
    const remove = made("button", words.remove_kept, { type: "button", className: "quiet" });
    correct.addEventListener("click", () => correctAgain(finding));
    remove.addEventListener("click", () => { if (confirm(words.remove_asks)) { drop(finding.id); showWaiting(); } });
    const row = made("p", "", { className: "row" });
    row.append(correct, " ", remove);
    article.append(made("p", told(finding)), made("p", finding.refused), row);
    return article;
  }

  // The service gives the form back with its values and what is wrong; when it is saved from there, it waits no longer.
  function correctAgain(finding) {
    const form = made("form", "", { method: "post", action: finding.action, hidden: true });
    for (const [name, value] of finding.fields) if (name !== "confirmed") form.append(made("input", "", { type: "hidden", name, value }));
    document.body.append(form);
    sessionStorage.setItem(CORRECTING, JSON.stringify({ id: finding.id, action: finding.action }));
    submitPlainly(form, finding.action);
  }

  function submitPlainly(form, action) {
    sessionStorage.setItem(SENT, action);
    form.submit();
  }

  function saved(action) {
    const correcting = JSON.parse(sessionStorage.getItem(CORRECTING) || "null");
    if (!correcting || correcting.action !== action) return;
    drop(correcting.id);
    sessionStorage.removeItem(CORRECTING);
  }

  // A form sent without this script comes back here when it was saved.
  function cameBack() {
    const sent = sessionStorage.getItem(SENT), asked = new URLSearchParams(location.search);
    sessionStorage.removeItem(SENT);
    if (sent && (asked.has("saved") || asked.has("kept"))) saved(sent);
  }

  const note = (text) => Object.assign(made("p", text, { className: "note" }), { role: "status" });

  function shown(form) {
    const found = form.querySelector("input[name=finding]:checked, input[name=finding][type=hidden]");
    const numbers = [...form.querySelectorAll("label > input:not([type=radio])")].filter((input) => input.value);
    const pairs = numbers.map((input) => [input.parentElement.textContent.trim(), input.value]);
    const label = form.querySelector("legend");
    return found && found.labels && found.labels.length ? [[label ? label.textContent : "", found.labels[0].textContent.trim()], ...pairs] : pairs;
  }

  // Whether a finding that needs somebody is meant: asked once, in a dialog; without one the service's own page asks.
  function meant(form, finding) {
    const dialog = byId("confirm"), says = dialog && dialog.querySelector(`[data-finding="${CSS.escape(finding || "")}"]`);
    if (!says || form.elements.confirmed) return Promise.resolve("yes");
    const label = form.querySelector("input[name=finding]:checked").labels[0].textContent.trim();
    const asked = say("confirm_line", { child: childOf({ action: form.getAttribute("action") }), finding: label });
    for (const other of dialog.querySelectorAll("[data-finding]")) other.hidden = other !== says;
    dialog.querySelector(".asked").textContent = asked;
    return answered(dialog, `${asked} ${says.textContent}`);
  }

  function answered(dialog, asked) {
    if (!dialog.showModal) return Promise.resolve(confirm(asked) ? "yes" : "no");
    dialog.returnValue = "no";
    return new Promise((done) => {
      for (const button of dialog.querySelectorAll("button")) button.onclick = () => dialog.close(button.value);
      dialog.addEventListener("close", () => done(dialog.returnValue), { once: true });
      dialog.showModal();
    });
  }

  async function submitted(event) {
    const form = event.target;
    if (!form.matches("form.outcome")) return;
    event.preventDefault();
    const action = form.getAttribute("action"), finding = new FormData(form).get("finding");
    if (await meant(form, finding) !== "yes") return;
    const fields = [...new FormData(form), ...(byId("confirm") && !form.elements.confirmed ? [["confirmed", "1"]] : [])];
    for (const button of form.querySelectorAll("button")) button.disabled = true;
    const online = navigator.onLine, answer = online ? await post(action, fields) : null;
    if (answer && answer.ok && !tookNothing(answer)) { saved(action); location.assign(answer.url); return; }
    if (!tookNothing(answer)) { submitPlainly(form, action); return; }
    keep([...kept(), { id: `${Date.now()}-${Math.random()}`, who, action, fields, shown: shown(form) }]);
    saved(action);
    if (answer && answer.ok) { location.assign(answer.url); return; }
    form.replaceWith(note(online ? words.slow : words.kept_offline));
    showWaiting();
  }

  // What is still kept on this phone stands where it was ticked.
  function remind() {
    for (const form of document.querySelectorAll("form.outcome")) {
      const waits = mine().some((other) => !other.refused && other.action === form.getAttribute("action"));
      if (!waits) continue;
      if (form.closest("details")) form.closest("details").open = true;
      form.replaceWith(note(words.kept_offline));
    }
  }

  // Findings that wait outlive the sign-out, and the person is told where they are. Without a network the kept pages go
  // at once and the session as soon as there is one.
  async function signOut(event) {
    const form = event.target, dialog = byId("sign-out-asks"), waiting = kept().length;
    event.preventDefault();
    if (waiting) {
      byId("sign-out-said").textContent = say("sign_out_asks", { n: waiting });
      if (await answered(dialog, byId("sign-out-said").textContent) !== "yes") return;
      form.append(made("input", "", { type: "hidden", name: "keep", value: "1" }));
    }
    tell({ forget: true });
    if (navigator.onLine) { form.submit(); return; }
    localStorage.setItem(SIGNING_OUT, "1");
    main.replaceChildren(note(say("signing_out_later", { n: waiting })));
    form.remove();
  }

  async function signOutNow() {
    const answer = await post("/sign-out", [["keep", "1"]]);
    if (!answer || !answer.ok) return;
    localStorage.removeItem(SIGNING_OUT);
    tell({ forget: true });
    location.assign("/sign-in");
  }

  // A page that was kept grows older than it says: without a network the phone's calendar counts.
  function grownOld() {
    const stale = byId("stale");
    if (!stale) return;
    const now = new Date(), today = Date.UTC(now.getFullYear(), now.getMonth(), now.getDate());
    const days = Math.round((today - Date.parse(stale.dataset.scoredOn)) / DAY_MS);
    if (days < Number(stale.dataset.staleDays)) return;
    stale.textContent = say("stale_kept", { n: days, date: stale.dataset.date });
    stale.hidden = false;
  }

  // An arm that fits neither unit is refused while it is typed: without a network nobody else would say so.
  for (const arm of document.querySelectorAll("form.outcome [name=muac_mm]")) {
    arm.pattern = main.dataset.arm;
    arm.title = words.muac_written;
  }

  document.addEventListener("submit", submitted);
  document.addEventListener("submit", (event) => { if (event.target.id === "sign-out") signOut(event); });
  document.addEventListener("click", (event) => { if (event.target.closest(".languages a")) tell({ forget: true }); });
  addEventListener("online", connection);
  addEventListener("offline", connection);
  if ("serviceWorker" in navigator) {
    navigator.serviceWorker.register("/sw.js").then(() => navigator.serviceWorker.ready).then((ready) => {
      ready.active.postMessage({ language: document.documentElement.lang });
      if (who) ready.active.postMessage({ session: main.dataset.session, until: Number(main.dataset.until) * 1000 });
      const pages = [...document.querySelectorAll(".who a")].map((link) => link.pathname);
      const fonts = () => performance.getEntriesByType("resource").map((entry) => new URL(entry.name).pathname).filter((path) => path.endsWith(".woff2"));
      if (location.pathname === "/visits") setTimeout(() => tell({ keep: [...fonts(), location.pathname + location.search, ...pages] }), 500);
    });
  }
  if ("serviceWorker" in navigator) navigator.serviceWorker.addEventListener("message", (event) => { if (event.data.stale) { banner.hidden = false; grownOld(); } });
  cameBack();
  showWaiting();
  remind();
  connection();
})();
