// From the simulator's JSON (`/phone/state`) to what the two phones show.
//
// view: { nowMs, customers: [{ key, chat, app: "wechat" | "telegram", id, openKfid, name, account, session, quota, messages }],
//         members: [{ key, chat, id, name, role, messages, botMessages }], menu: [button] }
//   `chat` names whose messages these are; `botMessages`: the chat with the AI bot; null where there is none.
// message: { id, side: "me" | "them", type, body, at, recalled, closed, taskId, by }
//   `at`: seconds since 1970. `closed`: null for a card that can be pressed, else the caption in place of its buttons.
//   `by`: `servicer` where an employee wrote to the customer in the WeCom client.

/** Reads one answer of `/phone/state`. */
export function view(state) {
  return {
    nowMs: state.now_ms,
    customers: state.customers.map(readCustomer),
    members: state.members.map(readMember).sort((one, other) => rank(one.role) - rank(other.role)),
    menu: state.menu,
  };
}

const RANKS = ["reviewer", "supervisor", "admin"];

/** Reviewers stand first, then the escalation owner, then the admin, then everybody else. */
function rank(role) {
  return RANKS.includes(role) ? RANKS.indexOf(role) : RANKS.length;
}

/** The person whose chat moved last; the first one where nobody said anything. */
export function liveliest(people) {
  const last = (person) => person.messages.at(-1)?.at ?? 0;
  return people.reduce((best, person) => (best && last(best) >= last(person) ? best : person), null);
}

function readCustomer(customer) {
  return {
    key: `${customer.account}/${customer.id}`, chat: `${customer.account}/${customer.id}`, app: customer.app, id: customer.id, openKfid: customer.account, name: customer.name,
    account: customer.account_name ?? customer.account, session: customer.session_state, quota: customer.quota_left,
    messages: customer.lines.map(readLine),
  };
}

function readLine(line) {
  return {
    id: line.msgid, side: line.from === "customer" ? "me" : "them", type: line.kind, at: line.at_ms / 1000,
    recalled: line.recalled, closed: null, taskId: null, by: line.from,
    body: { content: line.text, media_id: line.media?.id ?? null, name: line.media?.filename ?? null },
  };
}

function readMember(member) {
  return {
    key: member.userid, chat: member.userid, id: member.userid, name: member.name || member.userid, role: member.role_hint,
    messages: member.items.map(readItem), botMessages: member.bot_items?.map(readItem) ?? null,
  };
}

function readItem(item) {
  const isCard = item.kind === "card";
  return {
    id: String(item.id), side: item.kind === "own" ? "me" : "them", at: item.at_ms / 1000, recalled: false, by: "app",
    type: isCard ? "template_card" : item.kind === "own" ? "text" : item.kind,
    closed: item.disabled ? item.caption ?? "" : null, taskId: item.task_id,
    body: isCard ? item.card ?? {} : { content: item.text, media_id: item.media?.id ?? null, name: item.media?.filename ?? null },
  };
}
