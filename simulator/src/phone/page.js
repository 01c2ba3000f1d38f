// The demo's two phones: polls the simulator's state, draws it, and sends what is typed and tapped.

import { avatar, h, speak, t } from "./dom.js";
import { ChatList, clock, mediaUrl, portraits } from "./chat.js";
import { composer, drawer, handset, iconButton, menuBar, places, sampleImage } from "./handset.js";
import { selection } from "./card.js";
import { liveliest, view } from "./state.js";

const POLL_MS = 700;
const MAX_IMAGE_BYTES = 2 * 1024 * 1024;
const query = new URLSearchParams(location.search);
const lang = query.get("lang") === "en" ? "en" : "zh-CN";
const solo = query.get("solo");
const at = (id) => document.getElementById(id);

const ui = {
  app: query.get("app") ?? "wechat", surface: query.get("surface") ?? "wecom_app",
  customer: query.get("customer"), member: query.get("member"), tab: query.get("tab") ?? "customer",
  seen: new Map(JSON.parse(sessionStorage.getItem("seen") ?? "[]")), chosen: new Map(), busy: new Map(),
};
let data = { nowMs: null, customers: [], members: [], menu: [] };
let clockShiftMs = 0;
let parts = null;

const same = (one, other) => one.toLowerCase() === String(other ?? "").toLowerCase();
const find = (people, wanted) => people.find((person) => same(person.key, wanted) || same(person.id, wanted)) ?? people[0] ?? null;
const roleOf = (person) => (person.role ? t(`role_${person.role}`).replace(/^role_/, "") : t("app_kind"));
const onBot = () => ui.surface === "wecom_aibot" && data.members.some((person) => person.botMessages);
const atDesk = (person) => (onBot() ? { ...person, chat: `${person.key}/bot`, messages: person.botMessages ?? [] } : person);
const customers = () => data.customers.filter((person) => person.app === ui.app);
const team = () => data.members.map(atDesk);
const customer = () => find(customers(), ui.customer);
const member = () => find(team(), ui.member);

// ---- the wire -------------------------------------------------------------------------------------------------

const JSON_TYPE = { "content-type": "application/json" };

/** Posts an act and says in words what went wrong, unless `quiet`. True where the simulator took it. */
async function post(path, body, { headers = JSON_TYPE, quiet = false } = {}) {
  const say = (words) => quiet || toast(words);
  try {
    const response = await fetch(`/phone/${path}`, { method: "POST", headers, body: body instanceof Blob ? body : JSON.stringify(body) });
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) say(t("not_done", { why: answer.reason ? t(answer.reason) : answer.error ?? response.status }));
    else if (answer.delivered === false) say(t("not_delivered", { why: answer.status ? `HTTP ${answer.status}` : t("no_answer") }));
    poll();
    return response.ok;
  } catch {
    say(t("offline"));
    return false;
  }
}

let version = "";
let polling = false;

async function poll() {
  if (polling) return;
  polling = true;
  try {
    const response = await fetch(`/phone/state?known=${encodeURIComponent(version)}`, { cache: "no-store" });
    document.body.classList.toggle("offline", !response.ok);
    if (response.status === 200) {
      version = response.headers.get("etag") ?? "";
      data = view(await response.json());
      clockShiftMs = data.nowMs - Date.now();
      ui.customer ??= liveliest(customers())?.key ?? null;
      draw();
    } else tick();
  } catch {
    document.body.classList.add("offline");
    version = "";
  } finally {
    polling = false;
  }
}

let toastTimer = 0;

function toast(words) {
  at("toast").textContent = words;
  at("toast").hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => (at("toast").hidden = true), 4200);
}

// ---- what people do -------------------------------------------------------------------------------------------

const who = () => (ui.app === "telegram"
  ? { account: customer()?.openKfid, id: customer()?.id }
  : { open_kfid: customer()?.openKfid, external_userid: customer()?.id });
const theirs = () => (ui.app === "telegram" ? "telegram" : "customer");
const ours = () => (onBot() ? "aibot" : "member");
const customerSays = (text) => post(`${theirs()}/say`, { ...who(), text });
const memberSays = (text) => post(`${ours()}/say`, { userid: member()?.id, text });

async function sendImage(blob) {
  parts.drawer.hidden = true;
  if (!blob) return;
  if (blob.size > MAX_IMAGE_BYTES) return toast(t("image_too_big"));
  await post(`${theirs()}/image?${new URLSearchParams(who())}`, blob, { headers: { "content-type": blob.type } });
}

async function tap(message, key) {
  if (ui.busy.has(message.id)) return;
  ui.busy.set(message.id, key);
  draw();
  const chosen = ui.chosen.get(message.id) ?? new Map();
  await post(`${ours()}/tap`, { userid: member().id, task_id: message.taskId, key, selected: selection(message.body, chosen) });
  ui.busy.delete(message.id);
  draw();
}

function showCard() {
  choose("tab", "member");
  const buttons = [...at("member").querySelectorAll(".card:not(.closed) .style-1")];
  const target = buttons.at(-1);
  if (!target) return toast(t("no_card"));
  target.scrollIntoView({ block: "center", behavior: "smooth" });
  target.classList.remove("here");
  requestAnimationFrame(() => target.classList.add("here"));
}

function choose(what, id) {
  ui[what] = id;
  const address = new URL(location.href);
  address.searchParams.set(what, id);
  history.replaceState(null, "", address);
  draw();
  // Opening the app's chat is an event of its own (enter_agent); nobody needs to hear that it went unanswered.
  if (what === "member") post(`${ours()}/enter`, { userid: member().id }, { quiet: true });
}

/** Customers write from another app. */
function moveCustomers(app) {
  ui.customer = null;
  choose("app", app);
}

/** The team gets its next cards elsewhere: this changes the desk's configuration, as an operator would. */
async function moveTeam(surface) {
  if (await post("reviewers", { surface })) choose("surface", surface);
}

// ---- drawing --------------------------------------------------------------------------------------------------

const unseen = (person) => Math.max(0, person.messages.filter((each) => each.side === "them").length - (ui.seen.get(person.chat) ?? 0));

function markSeen(person) {
  if (!person) return;
  ui.seen.set(person.chat, person.messages.filter((each) => each.side === "them").length);
  sessionStorage.setItem("seen", JSON.stringify([...ui.seen]));
}

function badge(count) {
  return count ? h("b", { class: "badge", "aria-label": t("unread", { count }) }, count > 99 ? "99+" : String(count)) : null;
}

function rail(node, people, current, small, what) {
  const entry = (person) => h("button", {
    type: "button", class: "person", title: small(person), "aria-pressed": String(person.key === current?.key), onclick: () => choose(what, person.key),
  }, h("span", { class: "portrait" }, avatar(person.name), person.key === current?.key ? null : badge(unseen(person))),
  h("span", { class: "who" }, h("strong", {}, person.name), h("small", {}, small(person))));
  const print = JSON.stringify([people.map((each) => [each.key, each.name, unseen(each), small(each)]), current?.key]);
  if (node.dataset.print === print) return;
  node.dataset.print = print;
  node.replaceChildren(...people.map(entry));
}

/** The switch above a phone; none where there is one place only. */
function switchOf(node, label, options, current, pick) {
  const print = JSON.stringify([options, current]);
  if (node.dataset.print === print) return;
  node.dataset.print = print;
  node.replaceChildren(...(options.length > 1 ? [places(label, options, current, pick)] : []));
}

function drawSwitches() {
  const apps = data.customers.some((person) => person.app === "telegram")
    ? [["wechat", t("app_wechat")], ["telegram", "Telegram"]] : [];
  const surfaces = data.members.some((person) => person.botMessages)
    ? [["wecom_app", t("app_kind")], ["wecom_aibot", t("bot_name")]] : [];
  switchOf(parts.apps, t("customers_where"), apps, ui.app, moveCustomers);
  switchOf(parts.surfaces, t("members_where"), surfaces, ui.surface, moveTeam);
}

function customerState(person) {
  if (person.app === "telegram") return person.account;
  const session = t(`session_${person.session ?? "none"}`);
  return person.quota === null ? session : `${session} · ${t("quota", { left: person.quota })}`;
}

const contexts = {
  customer: (person) => ({
    portrait: portraits({ name: person.name }, { name: person.account, icon: "shop", className: "shop" }), byline: (message) => (message.by === "servicer" ? t("servicer") : null),
    stamp: () => null, desk: () => ({ chosen: new Map(), busy: null, tap() {}, media: mediaUrl }), say: customerSays,
    recall: person.app === "wechat" ? (msgid) => post("customer/recall", { msgid }) : null,
  }),
  member: (person) => ({
    portrait: portraits({ name: person.name }, { name: t(onBot() ? "bot_name" : "app_name"), icon: "robot", className: "robot" }),
    stamp: (message) => ui.busy.get(message.id) ?? null,
    desk: (message) => {
      if (!ui.chosen.has(message.id)) ui.chosen.set(message.id, new Map());
      return { id: message.id, chosen: ui.chosen.get(message.id), busy: ui.busy.get(message.id) ?? null, tap: (key) => tap(message, key), media: mediaUrl };
    },
    say: memberSays, recall: null, byline: () => null,
  }),
};

function draw() {
  if (!parts) return;
  const [buyer, clerk] = [customer(), member()];
  document.body.dataset.tab = ui.tab;
  const visible = (side) => getComputedStyle(at(side)).display !== "none";
  if (visible("customer")) markSeen(buyer);
  if (visible("member")) markSeen(clerk);
  rail(parts.customers, customers(), buyer, customerState, "customer");
  rail(parts.members, team(), clerk, roleOf, "member");
  drawSwitches();
  drawTabs();
  drawMenu();
  tick();
  parts.wechat.dress(ui.app);
  parts.wechat.entitle(buyer?.account ?? t("customer_phone"), ui.app === "telegram" ? t("telegram_kind") : t("shop_kind"));
  parts.wecom.entitle(t(onBot() ? "bot_name" : "app_name"), clerk ? `${clerk.name} · ${roleOf(clerk)}` : t("app_kind"));
  if (buyer) parts.customerChat.update(buyer.chat, buyer.messages, contexts.customer(buyer));
  if (clerk) parts.memberChat.update(clerk.chat, clerk.messages, contexts.member(clerk));
  if (solo === "card") soloCard(clerk);
}

function tick() {
  const time = clock((Date.now() + clockShiftMs) / 1000).split(" ").at(-1);
  [parts.wechat, parts.wecom].forEach((phone) => phone.tick(time));
}

function drawTabs() {
  const tab = (side, label, people) => {
    const count = ui.tab === side ? 0 : people.reduce((sum, person) => sum + unseen(person), 0);
    return h("button", { type: "button", role: "tab", "aria-selected": String(ui.tab === side), onclick: () => choose("tab", side) }, label, badge(count));
  };
  at("tabs").replaceChildren(tab("customer", t("customers"), customers()), tab("member", t("members"), team()));
}

function drawMenu() {
  const buttons = onBot() ? [] : data.menu;
  const print = JSON.stringify(buttons);
  if (parts.menu.dataset.print === print) return;
  const bar = menuBar(buttons, (key) => post("member/menu", { userid: member().id, key }));
  bar.dataset.print = print;
  bar.hidden = !buttons.length;
  parts.menu.replaceWith(bar);
  parts.menu = bar;
}

/** `?solo=card`: nothing but the newest card, or the one named by `task`. */
function soloCard(clerk) {
  const cards = (clerk?.messages ?? []).filter((each) => each.type === "template_card");
  const wanted = cards.find((each) => each.taskId === query.get("task")) ?? cards.at(-1);
  for (const row of at("member").querySelectorAll(".chat > *")) row.hidden = true;
  const node = wanted && parts.memberChat.known.get(wanted.id)?.node;
  if (node) node.hidden = false;
}

// ---- putting it together --------------------------------------------------------------------------------------

function strip() {
  const ask = t("say_ask");
  const steps = [
    [t("try_ask", { text: ask }), () => customerSays(ask)],
    [t("try_refund"), () => customerSays(t("say_refund"))],
    [t("try_send"), showCard],
  ];
  const other = new URL(location.href);
  other.searchParams.set("lang", lang === "en" ? "zh-CN" : "en");
  const step = ([words, run], index) =>
    h("li", {}, h("button", { type: "button", onclick: () => { if (index < 2) choose("tab", "customer"); run(); } }, h("i", {}, String(index + 1)), words));
  return [
    h("div", { class: "brand" }, h("span", { class: "logo", "aria-hidden": "true" }), h("b", {}, "aijia")),
    h("div", { class: "pitch" }, h("h1", {}, t("headline")), h("p", { class: "long" }, t("tagline")), h("p", { class: "short" }, t("tagline_short"))),
    h("div", { class: "try" }, h("span", {}, t("try")), h("ol", {}, steps.map(step))),
    h("a", { class: "language", href: other.href, lang: lang === "en" ? "zh-CN" : "en" }, t("other_language")),
  ];
}

function build() {
  const file = h("input", { type: "file", accept: "image/png,image/jpeg", hidden: true });
  file.addEventListener("change", () => { sendImage(file.files[0]); file.value = ""; });
  const tray = drawer([
    ["photo", "album", () => file.click()],
    ["spark", "sample_image", async () => sendImage(await sampleImage())],
    ["enter", "enter_session", () => (ui.app === "wechat" ? post("customer/enter", who()) : customerSays("/start"))],
  ]);
  const toggle = () => { tray.hidden = !tray.hidden; };
  const voice = iconButton("voice", "voice", () => toast(t("voice")));
  const [customerChat, memberChat] = [new ChatList("empty_customer"), new ChatList("empty_member")];
  const wechat = handset("wechat", customerChat.node, h("div", { class: "foot" },
    composer("input_customer", [voice], [iconButton("plus", "more", toggle)], customerSays), tray, file));
  const menu = menuBar([], () => {});
  const wecom = handset("wecom", memberChat.node, h("div", { class: "foot" },
    composer("input_member", [iconButton("keys", "keyboard", (event) => event.currentTarget.nextSibling.focus())], [], memberSays), menu));
  const [buyers, members] = [h("div", { class: "rail" }), h("div", { class: "rail" })];
  const [apps, surfaces] = [h("div"), h("div")];
  at("strip").replaceChildren(...strip());
  at("customer").replaceChildren(h("div", { class: "aside" }, h("h2", {}, t("customer_phone")), apps, buyers), wechat.node);
  at("member").replaceChildren(h("div", { class: "aside" }, h("h2", {}, t("member_phone")), surfaces, members), wecom.node);
  parts = { drawer: tray, customerChat, memberChat, wechat, wecom, menu, customers: buyers, members, apps, surfaces };
}

function dress() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => { document.documentElement.dataset.theme = query.get("theme") ?? (dark.matches ? "dark" : "light"); };
  dark.addEventListener("change", apply);
  apply();
  if (solo) document.body.dataset.solo = solo;
  if (solo) ui.tab = solo === "customer" ? "customer" : "member";
}

async function start() {
  dress();
  speak(await (await fetch(`/phone/words/${lang}.json`)).json());
  document.documentElement.lang = lang;
  document.title = t("page_title");
  build();
  await poll();
  if (onBot()) await moveTeam(ui.surface);
  setInterval(poll, POLL_MS);
}

start();
