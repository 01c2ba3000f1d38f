// The frame of a phone, its title bar, and the composer below the chat; the switch beside it.

import { h, icon, t } from "./dom.js";

/** A switch between a few places: `options` are `[value, words]`; `pick` gets the value. */
export function places(label, options, current, pick) {
  const place = ([value, words]) =>
    h("button", { type: "button", "aria-pressed": String(value === current), onclick: () => pick(value) }, words);
  return h("div", { class: "places", role: "group", "aria-label": label }, options.map(place));
}

/** A phone: status bar, title bar, the chat, a foot. `skin` is `wechat`, `telegram` or `wecom`. */
export function handset(skin, chat, foot) {
  const clock = h("span", { class: "clock" }, "9:41");
  const title = h("strong", {});
  const subtitle = h("span", {});
  const signal = h("span", { class: "signal" }, h("i"), h("i"), h("i"), h("i"));
  const status = h("div", { class: "status", "aria-hidden": "true" }, clock, h("span", { class: "island" }),
    h("span", { class: "right" }, signal, "5G", h("span", { class: "battery" })));
  const bar = h("div", { class: "bar" }, h("span", { class: "bar-icon" }, icon("back")),
    h("div", { class: "bar-title" }, title, subtitle), h("span", { class: "bar-icon" }, icon("more")));
  const node = h("div", { class: `phone ${skin}` }, h("div", { class: "screen" }, status, bar, chat, foot));
  const entitle = (words, small) => {
    title.textContent = words;
    subtitle.textContent = small;
  };
  const dress = (other) => { node.className = `phone ${other}`; };
  return { node, entitle, dress, tick: (words) => (clock.textContent = words) };
}

/** A text field that sends on Enter (not while an input method composes) and keeps its text until it was sent. */
export function composer(placeholderKey, before, after, send) {
  const field = h("textarea", { rows: "1", maxlength: "2000", placeholder: t(placeholderKey), "aria-label": t(placeholderKey) });
  const button = h("button", { type: "button", class: "send", hidden: true }, t("send"));
  const submit = async () => {
    const text = field.value.trim();
    if (!text) return;
    field.value = "";
    refresh();
    if (!(await send(text))) field.value = field.value || text;
    refresh();
  };
  const refresh = () => {
    button.hidden = !field.value.trim();
    for (const node of after) node.hidden = !button.hidden;
    field.style.height = "auto";
    field.style.height = `${Math.min(field.scrollHeight, 110)}px`;
  };
  field.addEventListener("input", refresh);
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    submit();
  });
  button.addEventListener("click", submit);
  return h("div", { class: "composer" }, before, field, after, button);
}

/** A square button with an icon only. */
export function iconButton(name, labelKey, onclick) {
  return h("button", { type: "button", class: "icon-button", "aria-label": t(labelKey), title: t(labelKey), onclick }, icon(name));
}

/** The drawer under the customer's composer; hidden until the plus is pressed. */
export function drawer(entries) {
  const tile = ([name, labelKey, run]) =>
    h("button", { type: "button", class: "tile", onclick: run }, h("span", {}, icon(name)), t(labelKey));
  return h("div", { class: "drawer", hidden: true }, entries.map(tile));
}

/** WeCom's menu bar: up to three buttons, each a leaf or a pop-up of up to five. */
export function menuBar(buttons, click) {
  const leaf = (button) => {
    if (button.type === "view") {
      return h("a", { href: /^https?:/.test(button.url) ? button.url : null, target: "_blank", rel: "noopener noreferrer" }, button.name);
    }
    return h("button", { type: "button", onclick: () => click(button.key) }, button.name);
  };
  const top = (button) => {
    if (!button.sub_button?.length) return leaf(button);
    const group = h("details", { name: "menu-bar" }, h("summary", {}, icon("menu"), button.name), h("div", { class: "popup" }, button.sub_button.map(leaf)));
    group.addEventListener("click", (event) => event.target.closest(".popup") && group.removeAttribute("open"));
    return group;
  };
  return h("div", { class: "menu-bar" }, buttons.map(top));
}

/** An invented product photo (a knitted sleeve with pills), so that a picture can be sent without having one. */
export function sampleImage() {
  const canvas = h("canvas", { width: "720", height: "540" });
  const pen = canvas.getContext("2d");
  const cloth = pen.createLinearGradient(0, 0, 720, 540);
  cloth.addColorStop(0, "#d9b48a");
  cloth.addColorStop(1, "#a8744c");
  pen.fillStyle = cloth;
  pen.fillRect(0, 0, 720, 540);
  pen.lineWidth = 5;
  for (let x = -12; x < 740; x += 24) {
    for (let y = -14; y < 560; y += 18) {
      pen.strokeStyle = (x / 24 + y / 18) % 2 < 1 ? "rgba(255,240,220,.34)" : "rgba(90,50,20,.2)";
      pen.beginPath();
      pen.moveTo(x, y);
      pen.quadraticCurveTo(x + 12, y + 16, x + 12, y + 18);
      pen.quadraticCurveTo(x + 12, y + 16, x + 24, y);
      pen.stroke();
    }
  }
  for (const [x, y, r] of [[250, 190, 17], [310, 240, 12], [402, 205, 20], [365, 300, 14], [470, 270, 11], [300, 330, 18], [430, 350, 13]]) {
    const fluff = pen.createRadialGradient(x - r / 3, y - r / 3, 1, x, y, r * 1.3);
    fluff.addColorStop(0, "rgba(250,232,208,.95)");
    fluff.addColorStop(1, "rgba(150,105,70,0)");
    pen.fillStyle = fluff;
    pen.beginPath();
    pen.arc(x, y, r * 1.3, 0, Math.PI * 2);
    pen.fill();
  }
  pen.strokeStyle = "rgba(224,62,62,.9)";
  pen.lineWidth = 6;
  pen.beginPath();
  pen.ellipse(362, 270, 176, 118, -0.1, 0, Math.PI * 2);
  pen.stroke();
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
}
