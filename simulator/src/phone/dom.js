// Building the page: elements, icons, safe links, the little markup WeCom allows. Data only ever becomes text nodes.

const SVG = "http://www.w3.org/2000/svg";

/** An element. `props`: `class`, `on…` handlers, anything else becomes an attribute; null and false are left out. */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat(4).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** An icon of the sprite in page.html. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

/** The address if it is http(s), else null: `javascript:` and friends never become a link. */
export function safeUrl(text) {
  try {
    const url = new URL(String(text ?? ""));
    return url.protocol === "http:" || url.protocol === "https:" ? url.href : null;
  } catch {
    return null;
  }
}

/** A link into a new tab, or plain text where the address is not a web address. */
export function link(address, children, className = "link") {
  const url = safeUrl(address);
  if (!url) return h("span", {}, children);
  return h("a", { class: className, href: url, target: "_blank", rel: "noopener noreferrer" }, children);
}

const ANCHOR_OR_URL = /<a\s+href=(?:"([^"]*)"|'([^']*)')\s*>([^<]*)<\/a>|(https?:\/\/[^\s<>"'，。；！？、）】」]+)/gi;

/** Text with the one tag WeCom allows in texts, `<a href>`, and bare addresses, as nodes. */
export function richText(text) {
  const nodes = [];
  let from = 0;
  for (const hit of String(text ?? "").matchAll(ANCHOR_OR_URL)) {
    nodes.push(text.slice(from, hit.index));
    nodes.push(hit[4] ? link(hit[4], hit[4]) : link(hit[1] ?? hit[2], hit[3]));
    from = hit.index + hit[0].length;
  }
  nodes.push(String(text ?? "").slice(from));
  return nodes.filter((node) => node !== "");
}

const INLINE = /\*\*([^*]+)\*\*|`([^`]+)`|\[([^\]]+)\]\(([^)\s]+)\)|<font color=["']?(info|comment|warning)["']?>([^<]*)<\/font>/g;

function inline(text) {
  const nodes = [];
  let from = 0;
  for (const hit of text.matchAll(INLINE)) {
    nodes.push(text.slice(from, hit.index));
    if (hit[1]) nodes.push(h("strong", {}, hit[1]));
    else if (hit[2]) nodes.push(h("code", {}, hit[2]));
    else if (hit[3]) nodes.push(link(hit[4], hit[3]));
    else nodes.push(h("span", { class: `md-${hit[5]}` }, hit[6]));
    from = hit.index + hit[0].length;
  }
  nodes.push(text.slice(from));
  return nodes;
}

/** WeCom's markdown subset: headings, quotes, bold, code, links and the three font colours. */
export function markdown(text) {
  return String(text ?? "").split("\n").map((line) => {
    const heading = /^(#{1,6})\s+(.*)$/.exec(line);
    if (heading) return h("div", { class: "md-heading" }, inline(heading[2]));
    if (line.startsWith(">")) return h("div", { class: "md-quote" }, inline(line.replace(/^>\s?/, "")));
    return h("div", { class: "md-line" }, inline(line));
  });
}

const TINTS = ["#f2884b", "#e2637d", "#8f72d8", "#4a86e8", "#2aa198", "#58a55c", "#c08a2e", "#5b7a99"];

/** A square portrait: the last character of the name on a colour of its own, or an icon. */
export function avatar(name, iconName = null, className = "") {
  const node = h("span", { class: `avatar ${className}`, "aria-hidden": "true" });
  if (iconName) node.append(icon(iconName));
  else {
    const letters = [...String(name || "?")];
    const sum = letters.reduce((total, letter) => total + letter.codePointAt(0), 0);
    node.style.background = TINTS[sum % TINTS.length];
    node.append(/^[\x00-\x7f]+$/.test(name) ? letters[0].toUpperCase() : letters[letters.length - 1]);
  }
  return node;
}

let words = {};

/** Takes the dictionary of the chosen language. */
export function speak(dictionary) {
  words = dictionary;
}

/** A text of the dictionary with `{placeholders}` filled; the key itself where it is missing. */
export function t(key, values = {}) {
  return (words[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}
