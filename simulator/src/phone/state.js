// From the simulator's JSON (`/phone/state`) to what the two phones show.
//
// view: { now, customers: [{ id, openKfid, name, account, session, quota, messages }],
//         members: [{ id, name, role, menu, messages }] }
// message: { id, side: "me" | "them" | "note", type, body, at, recalled, closed }
//   `closed`: null for an open card, else the caption in place of its buttons ("" where WeCom shows none).

const list = (value) => (Array.isArray(value) ? value : []);

/** Reads one answer of `/phone/state`. */
export function view(state) {
  return {
    now: state.now ?? null,
    customers: list(state.customers).map((customer) => readCustomer(customer)),
    members: list(state.members).map((member) => readMember(member, state.menu)),
  };
}

function readCustomer(customer) {
  return {
    id: customer.external_userid,
    openKfid: customer.open_kfid,
    name: customer.nickname ?? customer.external_userid,
    account: customer.account_name ?? customer.open_kfid,
    session: customer.service_state ?? null,
    quota: customer.quota_left ?? null,
    messages: list(customer.messages).map((message) => readMessage(message, "customer")),
  };
}

function readMember(member, menu) {
  return {
    id: member.userid,
    name: member.name ?? member.userid,
    role: list(member.roles)[0] ?? member.role ?? "reviewer",
    menu: list(member.menu?.button ?? menu?.button),
    messages: list(member.messages).map((message) => readMessage(message, "member")),
  };
}

function readMessage(message, mine) {
  const type = message.msgtype;
  const side = message.from === mine ? "me" : message.from === "system" ? "note" : "them";
  return {
    id: message.msgid, side, type, at: message.time ?? null, recalled: message.recalled === true,
    body: message[type] ?? message.body ?? {},
    closed: message.closed ?? null,
  };
}
