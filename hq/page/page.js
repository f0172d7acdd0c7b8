// Scan-and-go on a customer's phone. The basket lives here and in the phone's own storage; what it costs says HQ. Without
// a network scanning goes on, and prices follow.

import { WORDS } from "/go/words.js";

// As HQ has them.
const LINES_MAX = 50;
const PIECES_MAX = 99;
const CODE_MAX = 90;
// How long an answer may take, milliseconds.
const PATIENCE_MS = 8000;
// Before asking again where nothing came, milliseconds; each time twice as long.
const AGAIN_MS = 2000;
const AGAIN_MAX_MS = 30000;
// A basket holds so long at the most, milliseconds.
const LASTS_MS = 30 * 60000;

const store = decodeURIComponent(location.pathname.split("/")[2] ?? "");
const KEY = `guitai.go.${store}`;
const at = (id) => document.getElementById(id);

// What the phone keeps: the link's token, a number of its own, the language, the lines.
const kept = restore();
let asked = 0;
let again = 0;
let waits = AGAIN_MS;
let state = { kind: "online" };
let answer = null;
let sheetTimer = 0;
let closeCamera = null;
let toldWord = null;

function restore() {
  let found = {};
  try { found = JSON.parse(localStorage.getItem(KEY) ?? "{}"); } catch { /* It begins anew. */ }
  const shown = new URLSearchParams(location.search).get("k");
  if (shown) history.replaceState(null, "", location.pathname);
  const language = found.language ?? ((navigator.language || "zh").toLowerCase().startsWith("zh") ? "zh" : "en");
  const lines = Array.isArray(found.lines) ? found.lines.slice(0, LINES_MAX) : [];
  return { token: shown ?? found.token ?? "", device: found.device ?? draw(), language, lines, name: found.name ?? null };
}

function draw() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function keep() {
  try { localStorage.setItem(KEY, JSON.stringify(kept)); } catch { /* It stays as long as the page is open. */ }
}

const words = () => WORDS[kept.language];
const say = (word, ...values) => values.reduce((text, value, place) => text.replace(`{${place}}`, value), words()[word]);

function amount(minor) {
  const exponent = answer?.exponent ?? kept.exponent ?? 2;
  const digits = String(Math.abs(minor)).padStart(exponent + 1, "0");
  const whole = digits.slice(0, digits.length - exponent);
  const rest = exponent ? `.${digits.slice(-exponent)}` : "";
  return `${minor < 0 ? "-" : ""}${answer?.symbol ?? kept.symbol ?? "¥"}${whole}${rest}`;
}

function thousandths(quantity) {
  const digits = String(quantity).padStart(4, "0");
  return `${digits.slice(0, -3)}.${digits.slice(-3)}`;
}

// A customer's payment code: it is for the till alone, and neither kept nor sent.
function isPayment(code) {
  return /^1[0-5]\d{16}$/.test(code) || /^(2[5-9]|30)\d{14,22}$/.test(code) || /^62\d{17}$/.test(code);
}

const name = (line) => line.priced ? line.priced[`name_${kept.language}`] || line.priced.name_zh : line.code;

function add(code) {
  code = code.trim();
  tell(null);
  if (!code) return;
  if (isPayment(code)) return tell(() => words().why.payment_code);
  if (code.length > CODE_MAX || /[^\x1d\x20-\x7e]/.test(code)) return tell(() => words().why.not_goods);
  const same = kept.lines.find((line) => line.code === code);
  if (same) {
    if (same.pieces >= PIECES_MAX) return tell(() => say("most", PIECES_MAX));
    same.pieces += 1;
    kept.lines = [same, ...kept.lines.filter((line) => line !== same)];
    heard(say("now", name(same), same.pieces));
    unprice(same);
  } else {
    if (kept.lines.length >= LINES_MAX) return tell(() => say("full", LINES_MAX));
    kept.lines.unshift({ id: draw(), code, pieces: 1, priced: null, why: null });
  }
  navigator.vibrate?.(40);
  changed(code);
}

function unprice(line) {
  if (line.priced) line.priced = { ...line.priced, net: null };
  line.why = null;
}

function count(line, pieces) {
  if (pieces < 1) return remove(line);
  if (pieces > PIECES_MAX) return tell(() => say("most", PIECES_MAX));
  line.pieces = pieces;
  unprice(line);
  heard(say("now", name(line), pieces));
  changed();
}

function remove(line) {
  kept.lines = kept.lines.filter((other) => other !== line);
  heard(say("removed", name(line)));
  changed();
  at("code").focus({ preventScroll: true });
}

let fresh = null;
function changed(code) {
  fresh = code ?? null;
  answer = answer && { ...answer, total: null };
  keep();
  show();
  ask();
}

async function post(what, more) {
  // In the order of scanning: the newest stands at the top of the page.
  const lines = kept.lines.map(({ code, pieces }) => ({ code, pieces })).reverse();
  const body = { device: kept.device, offset_minutes: -new Date().getTimezoneOffset(), lines, ...more };
  const sent = await fetch(`/v1/go/${encodeURIComponent(store)}/${what}`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${kept.token}` },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  if (sent.ok) return sent.json();
  throw Object.assign(new Error(String(sent.status)), { status: sent.status, after: Number(sent.headers.get("retry-after")) || 2 });
}

// Asks for the prices of all lines; the newest question alone is answered.
async function ask() {
  clearTimeout(again);
  asked += 1;
  const mine = asked;
  if (!kept.lines.length) { answer = null; state = { kind: "online" }; return show(); }
  const ids = kept.lines.map((line) => line.id).reverse();
  if (state.kind === "online") state = { kind: "asking" };
  try {
    const prices = await post("prices");
    if (mine !== asked) return;
    take(prices, ids);
  } catch (error) {
    if (mine === asked) fail(error);
  }
}

function take(prices, ids) {
  answer = prices;
  kept.name = { zh: prices.store_zh, en: prices.store_en };
  [kept.symbol, kept.exponent] = [prices.symbol, prices.exponent];
  ids.forEach((id, place) => {
    const line = kept.lines.find((other) => other.id === id);
    const { state: is, why, ...goods } = prices.lines[place];
    if (line) [line.priced, line.why] = is === "priced" ? [goods, null] : [null, why];
  });
  state = { kind: "online" };
  waits = AGAIN_MS;
  if (kept.lines.some((line) => line.why === "fault")) again = setTimeout(ask, AGAIN_MAX_MS);
  const newest = kept.lines.find((line) => line.code === fresh);
  if (newest?.priced) heard(`${say("added", name(newest))} ${amount(newest.priced.net)}`);
  else if (newest?.why) heard(words().why[newest.why]);
  // A payment code that slipped through is kept by nobody.
  kept.lines = kept.lines.filter((line) => line.why !== "payment_code");
  fresh = null;
  keep();
  show();
}

function fail(error) {
  if (error.status === 401) {
    state = { kind: "link" };
  } else {
    const wait = error.status === 429 ? error.after * 1000 : waits;
    state = error.status === 429 ? { kind: "busy", seconds: error.after } : { kind: "offline" };
    waits = Math.min(waits * 2, AGAIN_MAX_MS);
    again = setTimeout(ask, wait);
    if (fresh) heard(say("added_code", fresh));
  }
  show();
}

function tell(word) {
  toldWord = word;
  at("told").textContent = word ? word() : "";
}

function heard(text) { at("heard").textContent = text; }

function element(kind, className, text) {
  const made = document.createElement(kind);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function button(key, text, label, act, className) {
  const made = element("button", className, text);
  made.type = "button";
  made.dataset.act = key;
  made.setAttribute("aria-label", label);
  made.addEventListener("click", act);
  return made;
}

function row(line) {
  const item = element("li", line.why ? "refused" : "");
  item.dataset.code = line.code;
  const title = element("div", "name", name(line));
  const goods = line.priced;
  if (goods) {
    const spec = [goods.spec, goods[`unit_${kept.language}`] || goods.unit_zh].filter(Boolean).join(" · ");
    if (spec) title.append(" ", element("span", "spec", spec));
    const unit = goods[`unit_${kept.language}`] || goods.unit_zh || say(goods.weighed ? "kilogram" : "piece");
    const measure = goods.weighed ? `${thousandths(goods.quantity)} ${say("kilogram")} × ` : "";
    title.append(element("div", "each", measure + say("each", amount(goods.unit_price), unit)));
  }
  const known = goods && goods.net !== null;
  item.append(title, element("div", known ? "net" : "net follows", known ? amount(goods.net) : line.why ? "" : say("price_follows")));
  if (known && goods.gross > goods.net) {
    const names = goods.promotions.map((promotion) => promotion[`name_${kept.language}`] || promotion.name_zh).join("、");
    item.append(element("div", "promotion", `${names} −${amount(goods.gross - goods.net)}`));
  }
  if (known && goods.past_best) item.append(element("div", "why", say("past_best")));
  if (line.why) item.append(element("div", "why", words().why[line.why]));
  const bar = element("div", "count");
  if (!line.why || line.pieces > 1) {
    bar.append(
      button("less", "−", say("less", name(line)), () => count(line, line.pieces - 1), ""),
      element("span", "pieces", String(line.pieces)),
      button("more", "+", say("more", name(line)), () => count(line, line.pieces + 1), ""),
    );
  }
  bar.append(button("remove", say("remove"), say("remove_label", name(line)), () => remove(line), "quiet remove"));
  item.append(bar);
  return item;
}

function show() {
  // The lines are drawn anew: whoever was at one of their keys stays at the same one.
  const focused = document.activeElement?.closest?.("li")?.dataset.code;
  const act = document.activeElement?.dataset.act;
  document.documentElement.lang = words().html;
  for (const spoken of document.querySelectorAll("[data-w]")) spoken.textContent = say(spoken.dataset.w);
  at("store").textContent = kept.name?.[kept.language] || kept.name?.zh || say("title");
  document.title = `${at("store").textContent} · ${say("title")}`;
  at("language").textContent = words().other;
  at("language").lang = kept.language === "zh" ? "en" : "zh-CN";
  at("language").setAttribute("aria-label", words().other_label);
  at("scan").textContent = say(closeCamera ? "scan_stop" : "scan");
  at("state").textContent = say(state.kind, state.seconds);
  at("state").className = ["offline", "link", "busy"].includes(state.kind) ? "attend" : "";
  at("state").dataset.kind = state.kind;
  if (toldWord) at("told").textContent = toldWord();
  at("lines").replaceChildren(...kept.lines.map(row));
  const pieces = kept.lines.reduce((sum, line) => sum + line.pieces, 0);
  at("count").textContent = pieces ? say("pieces", pieces) : "";
  at("empty").hidden = at("clear").hidden = false;
  at("empty").hidden = kept.lines.length > 0;
  // What goes away loses whoever stands at it.
  if (!kept.lines.length && [at("pay"), at("clear")].includes(document.activeElement)) {
    at("code").focus({ preventScroll: true });
  }
  at("clear").hidden = kept.lines.length === 0;
  const follow = kept.lines.filter((line) => !line.why && (!line.priced || line.priced.net === null)).length;
  const whole = answer && answer.total !== null && !follow;
  const sum = kept.lines.reduce((total, line) => total + (line.priced?.net ?? 0), 0);
  at("total-word").textContent = say(follow ? "so_far" : "total");
  at("follows").textContent = follow ? say("follows", follow) : "";
  at("total").textContent = amount(whole ? answer.total : sum);
  at("saved").textContent = whole && answer.saved > 0 ? say("saved", amount(answer.saved)) : "";
  at("pay").disabled = !kept.lines.length;
  if (focused) {
    const line = [...at("lines").children].find((item) => item.dataset.code === focused);
    (line?.querySelector(`[data-act=${act}]`) ?? at("code")).focus({ preventScroll: true });
  }
}

async function pay() {
  tell(null);
  if (kept.lines.some((line) => line.why)) return tell(() => say("cannot"));
  if (!answer || answer.total === null) { ask(); return tell(() => say("need_net")); }
  // A key that is disabled while somebody stands at it loses them.
  if (at("pay").ariaBusy === "true") return;
  const ids = kept.lines.map((line) => line.id).reverse();
  const shown = answer.total;
  at("pay").ariaBusy = "true";
  at("pay").textContent = say("sealing");
  heard(say("sealing"));
  try {
    const { sealed, prices } = await post("baskets", { shown_total: shown });
    take(prices, ids);
    if (sealed) showCode(sealed); else tell(() => say(kept.lines.some((line) => line.why) ? "cannot" : "changed"));
  } catch (error) {
    if (error.status === 422) tell(() => say("too_long"));
    else if (error.status === 429) tell(() => say("busy", error.after));
    else { tell(() => say("need_net")); fail(error); }
  }
  at("pay").ariaBusy = "false";
  show();
}

function showCode({ size, rows, until_ms: until }) {
  const border = 4;
  const module = Math.max(4, Math.floor(1000 / (size + 2 * border)));
  const canvas = at("qr");
  canvas.width = canvas.height = module * (size + 2 * border);
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = "#000";
  rows.forEach((line, y) => {
    for (let x = 0; x < line.length; x += 1) if (line[x] === "1") pen.fillRect((x + border) * module, (y + border) * module, module, module);
  });
  canvas.setAttribute("aria-label", `${say("qr")}: ${say("pieces", kept.lines.reduce((sum, line) => sum + line.pieces, 0))}, ${amount(answer.total)}`);
  canvas.hidden = false;
  at("sheet-total").textContent = amount(answer.total);
  const ends = Math.min(until, Date.now() + LASTS_MS);
  at("until").textContent = say("until", new Date(ends).toLocaleTimeString(words().html, { hour: "2-digit", minute: "2-digit" }));
  clearTimeout(sheetTimer);
  sheetTimer = setTimeout(() => { canvas.hidden = true; at("until").textContent = say("over"); }, Math.max(0, ends - Date.now()));
  if (!at("sheet").open) at("sheet").showModal();
}

function empty() {
  kept.lines = [];
  answer = null;
  tell(null);
  heard(say("empty"));
  changed();
  at("code").focus({ preventScroll: true });
}

async function camera() {
  tell(null);
  if (closeCamera) { closeCamera(); closeCamera = null; at("camera").hidden = true; return show(); }
  if (at("scan").ariaBusy === "true") return;
  at("scan").ariaBusy = "true";
  at("scan").textContent = say("loading");
  heard(say("loading"));
  at("camera").hidden = false;
  try {
    const { open } = await import("/go/camera.js");
    closeCamera = await open(at("video"), add);
  } catch (error) {
    at("camera").hidden = true;
    tell(() => say(error.message === "reader" ? "no_reader" : "no_camera"));
  }
  at("scan").ariaBusy = "false";
  show();
}

at("typed").addEventListener("submit", (event) => {
  event.preventDefault();
  add(at("code").value);
  at("code").value = "";
  at("code").focus();
});
at("scan").addEventListener("click", camera);
at("pay").addEventListener("click", pay);
at("back").addEventListener("click", () => at("sheet").close());
at("done").addEventListener("click", () => { at("sheet").close(); empty(); });
at("clear").addEventListener("click", () => at("ask").showModal());
at("keep").addEventListener("click", () => at("ask").close());
at("drop").addEventListener("click", () => { at("ask").close(); empty(); });
at("language").addEventListener("click", () => { kept.language = kept.language === "zh" ? "en" : "zh"; keep(); show(); });
addEventListener("online", ask);
addEventListener("offline", () => { if (kept.lines.length) { state = { kind: "offline" }; show(); } });
document.addEventListener("visibilitychange", () => { if (document.hidden && closeCamera) camera(); else if (!document.hidden) ask(); });
navigator.serviceWorker?.register("/go/worker.js").catch(() => { /* It works as long as it is open. */ });
keep();
show();
ask();
