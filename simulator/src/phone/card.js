// A template card as WeCom draws it: https://developer.work.weixin.qq.com/document/path/90236

import { h, icon, link, safeUrl, t } from "./dom.js";

/**
 * Draws one card.
 * `card`: the JSON of `template_card`. `closed`: null, or the caption that replaced the buttons.
 * `desk`: { chosen: Map of question to option ids, busy: key being sent or null, tap(key), media(id) }.
 */
export function drawCard(card, closed, desk) {
  const node = h("article", { class: `card ${card.card_type ?? ""}${closed === null ? "" : " closed"}` });
  const parts = [source, picture, mainTitle, emphasis, imageText, verticals, quote, subTitle, rows, jumps];
  for (const part of parts) node.append(...[part(card, desk)].flat(4).filter(Boolean));
  node.append(...[controls(card, closed, desk)].flat(4).filter(Boolean));
  return node;
}

function source(card, desk) {
  const menu = card.action_menu?.action_list?.length ? actionMenu(card, desk) : null;
  if (!card.source?.desc && !card.source?.icon_url && !menu) return null;
  const iconUrl = safeUrl(card.source?.icon_url);
  const sign = iconUrl ? h("img", { src: iconUrl, alt: "" }) : h("span", { class: "source-sign" });
  const colour = [null, "black", "red", "green"][Number(card.source?.desc_color ?? 0)] ?? "grey";
  return h("div", { class: `source ${colour}` }, sign, h("span", { class: "grow" }, card.source?.desc ?? ""), menu);
}

function actionMenu(card, desk) {
  const entries = card.action_menu.action_list.map((action) =>
    h("button", { type: "button", onclick: () => desk.tap(action.key) }, action.text));
  return h("details", { class: "action-menu" },
    h("summary", { "aria-label": card.action_menu.desc ?? t("more") }, icon("more")),
    h("div", { class: "popup" }, entries));
}

function picture(card) {
  const url = safeUrl(card.card_image?.url);
  if (!url) return null;
  const image = h("img", { class: "card-image", src: url, alt: "" });
  image.style.aspectRatio = String(card.card_image.aspect_ratio ?? 1.3);
  return image;
}

function mainTitle(card) {
  const { title, desc } = card.main_title ?? {};
  if (!title && !desc) return null;
  return h("header", {}, title && h("h3", {}, title), desc && h("p", {}, desc));
}

function emphasis(card) {
  const { title, desc } = card.emphasis_content ?? {};
  if (!title && !desc) return null;
  return h("div", { class: "emphasis" }, h("strong", {}, title ?? ""), h("span", {}, desc ?? ""));
}

function imageText(card) {
  const area = card.image_text_area;
  if (!area) return null;
  const url = safeUrl(area.image_url);
  const words = h("div", {}, h("strong", {}, area.title ?? ""), h("p", {}, area.desc ?? ""));
  const body = [url && h("img", { src: url, alt: "" }), words];
  return area.type === 1 ? link(area.url, body, "image-text") : h("div", { class: "image-text" }, body);
}

function verticals(card) {
  return (card.vertical_content_list ?? []).map((item) =>
    h("div", { class: "vertical" }, h("strong", {}, item.title ?? ""), item.desc && h("p", {}, item.desc)));
}

function quote(card) {
  const area = card.quote_area;
  if (!area?.title && !area?.quote_text) return null;
  const body = [area.title && h("strong", {}, area.title), area.quote_text && h("p", {}, area.quote_text)];
  return area.type === 1 ? link(area.url, body, "quote") : h("div", { class: "quote" }, body);
}

function subTitle(card) {
  return card.sub_title_text ? h("p", { class: "sub-title" }, card.sub_title_text) : null;
}

function rows(card, desk) {
  const list = card.horizontal_content_list ?? [];
  if (!list.length) return null;
  const line = (item) => [h("dt", {}, item.keyname ?? ""), h("dd", {}, rowValue(item, desk))];
  return h("dl", { class: "rows" }, list.map(line));
}

function rowValue(item, desk) {
  const value = item.value ?? "";
  if (item.type === 1) return link(item.url, [value, icon("chevron")]);
  if (item.type === 2) return link(desk.media(item.media_id), [icon("file"), value]);
  if (item.type === 3) return h("span", { class: "mention" }, value || item.userid);
  return value;
}

function jumps(card) {
  const list = (card.jump_list ?? []).map((jump) => {
    const body = [h("span", { class: "grow" }, jump.title ?? ""), icon("chevron")];
    return jump.type === 1 ? link(jump.url, body, "jump") : h("span", { class: "jump" }, body);
  });
  const type = Number(card.card_action?.type ?? 0);
  const notice = card.card_type === "text_notice" || card.card_type === "news_notice";
  if (type === 1 && notice && safeUrl(card.card_action.url)) {
    list.push(link(card.card_action.url, [h("span", { class: "grow" }, t("details")), icon("chevron")], "jump"));
  }
  return list;
}

function controls(card, closed, desk) {
  const off = closed !== null;
  const choices = [
    card.button_selection && dropDown(card.button_selection, off, desk),
    (card.select_list ?? []).map((list) => dropDown(list, off, desk)),
    card.checkbox && checkbox(card.checkbox, off, desk),
  ];
  if (off) return [choices, closed && h("div", { class: "buttons" }, h("button", { type: "button", disabled: true }, closed))];
  const submit = card.submit_button;
  const buttons = submit ? [{ text: submit.text || t("submit"), key: submit.key, style: 1 }] : card.button_list ?? [];
  return [choices.flat(), buttons.length ? h("div", { class: `buttons of-${buttons.length}` }, buttons.map((each) => button(each, desk))) : null];
}

function button(each, desk) {
  const style = `style-${each.style ?? 1}`;
  if (each.type === 1) return link(each.url, each.text, `button ${style}`);
  const busy = desk.busy !== null;
  const mine = busy && desk.busy === each.key ? " busy" : "";
  return h("button", { type: "button", class: style + mine, disabled: busy, onclick: () => desk.tap(each.key) }, each.text);
}

function dropDown(question, off, desk) {
  const chosen = desk.chosen.get(question.question_key)?.[0] ?? question.selected_id ?? "";
  const options = (question.option_list ?? []).map((option) =>
    h("option", { value: option.id, selected: option.id === chosen }, option.text));
  const blank = question.selected_id ? [] : [h("option", { value: "", selected: chosen === "" }, t("choose"))];
  const pick = (event) => desk.chosen.set(question.question_key, event.target.value ? [event.target.value] : []);
  const select = h("select", { disabled: off || question.disable, onchange: pick, "aria-label": question.title ?? t("choose") }, blank, options);
  return h("label", { class: "drop-down" }, h("span", {}, question.title ?? ""), h("span", { class: "box" }, select, icon("down")));
}

function checkbox(question, off, desk) {
  const many = question.mode === 1;
  const given = (question.option_list ?? []).filter((option) => option.is_checked).map((option) => option.id);
  const chosen = desk.chosen.get(question.question_key) ?? given;
  const name = `${desk.id}-${question.question_key}`;
  const list = h("div", { class: "checkbox", role: many ? "group" : "radiogroup" });
  const collect = () => {
    const ticked = [...list.querySelectorAll("input:checked")].map((input) => input.value);
    desk.chosen.set(question.question_key, ticked);
  };
  for (const option of question.option_list ?? []) {
    const input = h("input", {
      type: many ? "checkbox" : "radio", name, value: option.id, onchange: collect,
      checked: chosen.includes(option.id), disabled: off || question.disable,
    });
    list.append(h("label", {}, input, h("span", { class: "tick" }, icon("check")), h("span", {}, option.text)));
  }
  return list;
}

/** The choices a tap carries: what the person picked, else what the card had preset. */
export function selection(card, chosen) {
  const lists = [card.button_selection, ...(card.select_list ?? [])].filter(Boolean);
  const picked = lists.map((list) => [list.question_key, chosen.get(list.question_key) ?? (list.selected_id ? [list.selected_id] : [])]);
  if (card.checkbox) {
    const preset = (card.checkbox.option_list ?? []).filter((option) => option.is_checked).map((option) => option.id);
    picked.push([card.checkbox.question_key, chosen.get(card.checkbox.question_key) ?? preset]);
  }
  return picked.flatMap(([question_key, ids]) => ids.map((option_id) => ({ question_key, option_id })));
}
