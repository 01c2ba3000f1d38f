// One message of a chat: bubbles, pictures, cards, notes; and the list that keeps its nodes between two polls.

import { avatar, h, icon, link, markdown, richText, t } from "./dom.js";
import { drawCard } from "./card.js";

const GAP_SECONDS = 300;

/** The address of a stored picture or file. */
export function mediaUrl(id) {
  return new URL(`/phone/media/${encodeURIComponent(id)}`, location.origin).href;
}

/** Hour and minute, with the day where it is not today. `seconds` since 1970. */
export function clock(seconds) {
  const date = new Date(seconds * 1000);
  const time = `${String(date.getHours()).padStart(2, "0")}:${String(date.getMinutes()).padStart(2, "0")}`;
  const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(date).setHours(0, 0, 0, 0)) / 86_400_000);
  if (days === 0) return time;
  return `${days === 1 ? t("yesterday") : `${date.getMonth() + 1}-${date.getDate()}`} ${time}`;
}

const PLAIN = { voice: ["voice", "voice_message"], video: ["photo", "video_message"] };

function bubble(message, context) {
  const body = message.body;
  switch (message.type) {
    case "text": return h("div", { class: "bubble" }, richText(body.content));
    case "markdown": return h("div", { class: "bubble" }, markdown(body.content));
    case "image": return photo(body.media_id);
    case "template_card": return drawCard(body, message.closed, context.desk(message));
    case "link": case "location": case "msgmenu": return h("div", { class: "bubble" }, richText(body.content));
    case "file": return link(mediaUrl(body.media_id), [icon("file"), h("span", {}, body.name ?? t("file_message"))], "bubble tile file");
    default: {
      const [sign, word] = PLAIN[message.type] ?? ["more", "unknown_message"];
      return h("div", { class: "bubble tile file" }, icon(sign), h("span", {}, t(word)));
    }
  }
}

function photo(id) {
  const image = h("img", { class: "photo", src: mediaUrl(id), alt: t("image") });
  image.addEventListener("error", () => image.replaceWith(h("div", { class: "bubble tile file" }, icon("photo"), t("image_gone"))));
  return h("a", { class: "photo-link", href: mediaUrl(id), target: "_blank", rel: "noopener noreferrer" }, image);
}

function row(message, context) {
  if (message.recalled) return h("p", { class: "note" }, t(message.side === "me" ? "recalled_me" : "recalled_them"));
  const byline = context.byline(message);
  const wide = message.type === "template_card" ? " wide" : "";
  const recall = message.side === "me" && context.recall
    ? h("button", { type: "button", class: "recall", onclick: () => context.recall(message.id) }, t("recall")) : null;
  return h("div", { class: `row ${message.side}${wide}` }, context.portrait(message.side),
    h("div", { class: "said" }, byline && h("small", { class: "byline" }, byline), bubble(message, context), recall));
}

/**
 * The scrolling list of one chat. `update(messages, context)` keeps the node of every message that did not change, so
 * that an opened drop-down or a half-made choice survives a poll, and stays at the bottom when it was there.
 */
export class ChatList {
  constructor(emptyKey) {
    this.node = h("div", { class: "chat", role: "log", "aria-live": "polite", tabindex: "0" });
    this.emptyKey = emptyKey;
    this.known = new Map();
    this.owner = null;
    this.pinned = true;
    this.node.addEventListener("scroll", () => (this.pinned = this.distance() < 60));
    this.node.addEventListener("load", () => this.follow(), true);
    new ResizeObserver(() => this.follow()).observe(this.node);
  }

  /** Pixels between what is seen and the newest message. */
  distance() {
    return this.node.scrollHeight - this.node.scrollTop - this.node.clientHeight;
  }

  /** Keeps the newest message in sight, unless the person scrolled up to read. */
  follow() {
    if (this.pinned) this.node.scrollTop = this.node.scrollHeight;
  }

  update(owner, messages, context) {
    if (this.owner !== owner) {
      this.known = new Map();
      this.pinned = true;
    }
    this.owner = owner;
    const next = new Map();
    const nodes = [];
    let last = -Infinity;
    for (const message of messages) {
      if (message.at && message.at - last > GAP_SECONDS) nodes.push(h("time", { class: "note" }, clock(message.at)));
      last = message.at ?? last;
      const print = JSON.stringify([message, context.stamp(message)]);
      const old = this.known.get(message.id);
      const entry = old?.print === print ? old : { print, node: row(message, context) };
      next.set(message.id, entry);
      nodes.push(entry.node);
    }
    this.known = next;
    if (!messages.length) nodes.push(h("p", { class: "empty" }, icon("chat"), t(this.emptyKey)));
    this.place(nodes);
    this.follow();
  }

  /** Puts the nodes in order without touching those that already stand right (a moved node loses its focus). */
  place(nodes) {
    const keep = new Set(nodes);
    for (const child of [...this.node.childNodes]) if (!keep.has(child)) child.remove();
    let cursor = this.node.firstChild;
    for (const node of nodes) {
      if (node === cursor) cursor = cursor.nextSibling;
      else this.node.insertBefore(node, cursor);
    }
  }
}

/** A portrait for the two sides of a chat. */
export function portraits(mine, theirs) {
  return (side) => (side === "me" ? avatar(mine.name, mine.icon ?? null, mine.className ?? "") : avatar(theirs.name, theirs.icon, theirs.className));
}
