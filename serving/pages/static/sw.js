// Pages that were opened (and those of the children on the list) open again without a network. Nothing else is kept.
"use strict";
const CACHE = "sanket-3", FONTS = "sanket-fonts";
const SPOKEN = "/language-in-use", SESSION = "/session-in-use", MARK = "sanket_mark";
// Filled in by `pages/routes.py` from the table of languages.
const LANGUAGES = [];
const FALLBACKS = LANGUAGES.map((code) => `/offline/${code}`);
const PATIENCE_MS = 6000;
const FIXED = ["/static/devanagari.css", "/static/sanket.css", "/static/sanket.js", ...FALLBACKS];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FIXED)).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => {
  const old = (names) => Promise.all(names.filter((name) => name !== CACHE && name !== FONTS).map((name) => caches.delete(name)));
  event.waitUntil(caches.keys().then(old).then(() => self.clients.claim()));
});
// One after the other: what a former session left is gone before the next one's pages are kept.
let last = Promise.resolve();
const next = (event, work) => event.waitUntil((last = last.then(work, work)));
// How often all was forgotten: what was asked for before that is not kept after it.
let forgotten = 0;

self.addEventListener("message", (event) => {
  if (event.data.forget) event.waitUntil(forget());
  if (event.data.session) next(event, () => begin(event.data.session, event.data.until));
  if (event.data.language) event.waitUntil(caches.open(CACHE).then((cache) => cache.put(SPOKEN, new Response(event.data.language))));
  if (event.data.keep) next(event, () => keepAll(event.data.keep));
});
self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== location.origin || url.pathname.startsWith("/v1/")) return;
  if (isFont(url.pathname)) event.respondWith(letters(url.pathname));
  else if (event.request.mode === "navigate" || url.pathname.startsWith("/static/")) event.respondWith(answer(event));
});

// What tells of children goes; what a page needs, and the fallbacks, stay, also where there is no network to fetch them.
async function forget() {
  forgotten += 1;
  const cache = await caches.open(CACHE), stays = [...FIXED, SPOKEN];
  const tells = (await cache.keys()).filter((kept) => !stays.includes(new URL(kept.url).pathname));
  await Promise.all(tells.map((kept) => cache.delete(kept)));
}

// A session begins: another's pages go.
async function begin(session, until) {
  const cache = await caches.open(CACHE), former = await sessionKept(cache);
  if (former && former.session !== session) await forget();
  await cache.put(SESSION, new Response(JSON.stringify({ session, until })));
}

async function sessionKept(cache) {
  const kept = await cache.match(SESSION);
  return kept ? kept.json() : null;
}

// Whether the session in which pages were kept still stands: it has not ended, and its mark is still in the browser.
async function stands() {
  const kept = await sessionKept(await caches.open(CACHE));
  if (!kept || Date.now() > kept.until) return false;
  if (!self.cookieStore) return true;
  const mark = await self.cookieStore.get(MARK);
  return !!mark && mark.value === kept.session;
}

async function fallback() {
  const cache = await caches.open(CACHE), spoken = await cache.match(SPOKEN);
  const language = spoken ? await spoken.text() : navigator.language.slice(0, 2);
  return (await cache.match(`/offline/${language}`)) || cache.match(FALLBACKS[0]);
}

async function keepAll(addresses) {
  const cache = await caches.open(CACHE), asked = forgotten;
  for (const address of addresses) {
    if (asked !== forgotten) return;
    if (isFont(address)) { await letters(address); continue; }
    // Nobody has seen the page yet: the audit log tells it from one that was opened.
    const found = await fetch(address, { credentials: "same-origin", headers: { "Sanket-Keep": "1" } });
    if (asked !== forgotten) return;
    if (worthKeeping(found)) await cache.put(address, found);
    if (asked !== forgotten) await cache.delete(address);
  }
}

const worthKeeping = (answer) => answer.ok && !answer.redirected && answer.type === "basic" && !/attachment/.test(answer.headers.get("content-disposition") || "");

const isFont = (path) => path.endsWith(".woff2");

// A font's address names its content: once kept it is not asked for again, in whatever language the pages are then.
async function letters(path) {
  const cache = await caches.open(FONTS), kept = await cache.match(path);
  if (kept) return kept;
  const found = await fetch(path);
  if (worthKeeping(found)) await cache.put(path, found.clone());
  return found;
}

// The newest page; the kept one where there is no network, or none that answers in time, and then the page says so.
async function answer(event) {
  const { request } = event, cache = await caches.open(CACHE), path = new URL(request.url).pathname, before = forgotten;
  const asked = fetch(request).then(async (found) => {
    // A page of the way in, a link with a code or a token above all, is not kept; who is sent there has no session.
    if (new URL(found.url || request.url).pathname === "/sign-in" || path === "/sign-in") await forget();
    else if (worthKeeping(found) && before === forgotten) await cache.put(request, found.clone());
    return found;
  });
  let kept = (await cache.match(request)) || (await cache.match(path, { ignoreSearch: true }));
  if (kept && !FIXED.includes(path) && !(await stands())) { await forget(); kept = null; }
  if (!kept) return asked.catch(() => fallback());
  // Nobody waits for the page here: it is only there once it has this answer.
  const old = () => {
    if (event.resultingClientId) event.waitUntil(self.clients.get(event.resultingClientId).then((page) => page && page.postMessage({ stale: true })));
    return kept;
  };
  const late = new Promise((done) => setTimeout(done, PATIENCE_MS)).then(() => null);
  return (await Promise.race([asked.catch(() => null), late])) || old();
}
