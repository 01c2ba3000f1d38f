//! The site's pages.

use super::shop::{AfterSale, Line, Order, Side};

/// A document before it is dressed up.
pub(super) struct Page {
    pub(super) title: &'static str,
    /// Everything within `<body>` below the top bar.
    pub(super) body: String,
}

/// The tags that can be chosen.
pub(super) const TAGS: [&str; 4] = ["催发货", "物流异常", "重点跟进", "老客户"];
/// Most characters of a note.
pub(super) const NOTE_CHARS: usize = 200;
/// Most characters of a message to a buyer.
pub(super) const REPLY_CHARS: usize = 500;

pub(super) fn html(page: &Page, user: &str) -> String {
    let Page { title, body } = page;
    format!(
        "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\"><title>{title} - 商家工作台</title>\
         <link rel=\"stylesheet\" href=\"/static/app.css\"><script src=\"/static/app.js\" defer></script></head>\
         <body><header class=\"top\"><b>商家工作台</b> 暖衣旗舰店 <nav><a href=\"/orders\">订单管理</a>\
         <a href=\"/aftersales\">售后管理</a></nav><span class=\"who\">{}</span></header>{body}</body></html>",
        escaped(user)
    )
}

/// Text as it stands in a document.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// An amount as shops write it: `¥1,299.00`.
pub(super) fn yuan(cents: i64) -> String {
    let whole = (cents / 100).to_string();
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("¥{grouped}.{:02}", cents % 100)
}

/// Name and value of a list of definitions; the value is in an element with this attribute.
fn defined(rows: &[(&str, &str, &str)]) -> String {
    rows.iter().map(|(name, mark, value)| format!("<dt>{name}</dt><dd {mark}>{}</dd>", escaped(value))).collect()
}

fn listed(kind: &str, values: &[String]) -> String {
    values.iter().map(|value| format!("<li class=\"{kind}\">{}</li>", escaped(value))).collect()
}

pub(super) fn sign_in(wrong: bool) -> Page {
    let wrong = if wrong { "<p class=\"error\">账号或密码错误</p>" } else { "" };
    let body = format!(
        "<main id=\"login\"><h1>商家登录</h1>{wrong}<form id=\"login-form\" method=\"post\" action=\"/login\">\
         <label>账号 <input id=\"user\" name=\"user\" autocomplete=\"off\" autofocus></label>\
         <label>密码 <input id=\"password\" name=\"password\" type=\"password\"></label>\
         <button type=\"submit\">登录</button></form></main>"
    );
    Page { title: "登录", body }
}

pub(super) fn captcha() -> Page {
    let body = "<main><div id=\"captcha\" class=\"slider-captcha\"><h1>安全验证</h1><p>请按住滑块，拖动到最右边</p>\
                <div class=\"slider\"><button type=\"button\">⟩⟩</button></div></div></main>";
    Page { title: "安全验证", body: body.to_owned() }
}

pub(super) fn wall() -> Page {
    let body = "<main><div class=\"no-permission\"><h1>暂无权限</h1><p>您没有查看该页面的权限，请联系主账号授权</p></div></main>";
    Page { title: "暂无权限", body: body.to_owned() }
}

pub(super) fn nothing(words: &str) -> Page {
    Page { title: "没有结果", body: format!("<main><p class=\"empty-result\">{words}</p></main>") }
}

pub(super) fn orders<'a>(found: impl Iterator<Item = &'a Order>, keyword: &str) -> Page {
    let row = |order: &Order| {
        format!(
            "<tr><td class=\"order-no\"><a href=\"/orders/{0}\">{0}</a></td><td class=\"order-placed\">{1}</td>\
             <td class=\"order-status\">{2}</td><td class=\"order-paid\">{3}</td><td class=\"buyer-name\">{4}</td></tr>",
            order.no,
            order.placed,
            order.status,
            yuan(order.paid_cents),
            escaped(&order.buyer)
        )
    };
    let rows: String = found.take(20).map(row).collect();
    let empty = if rows.is_empty() { "<p class=\"empty-result\">没有找到符合条件的订单</p>" } else { "" };
    let body = format!(
        "<main id=\"orders\"><h1>订单管理</h1><form id=\"search-form\" method=\"get\" action=\"/orders\">\
         <label>订单编号 <input id=\"keyword\" name=\"keyword\" value=\"{}\"></label>\
         <button id=\"search\" type=\"submit\">查询</button></form>\
         <table class=\"order-list\"><thead><tr><th>订单编号</th><th>下单时间</th><th>状态</th><th>实付</th><th>收货人</th></tr>\
         </thead><tbody>{rows}</tbody></table>{empty}</main>",
        escaped(keyword)
    );
    Page { title: "订单管理", body }
}

pub(super) fn order<'a>(order: &Order, others: impl Iterator<Item = &'a Order>) -> Page {
    let item = |item: &super::Item| {
        format!(
            "<tr><td class=\"item-name\">{}</td><td class=\"item-variant\">{}</td><td class=\"item-count\">{} 件</td>\
             <td class=\"item-price\">{}</td></tr>",
            escaped(&item.name),
            escaped(&item.variant),
            item.count,
            yuan(item.price_cents)
        )
    };
    let head = defined(&[
        ("订单编号", "id=\"order-no\"", &order.no),
        ("下单时间", "id=\"order-placed\"", &order.placed),
        ("订单状态", "id=\"order-status\"", &order.status),
        ("实付金额", "id=\"order-paid\"", &yuan(order.paid_cents)),
        ("收货人", "class=\"buyer-name\"", &order.buyer),
        ("手机号", "class=\"buyer-phone\"", &order.phone),
        ("收货地址", "class=\"buyer-address\"", &order.address),
        ("买家留言", "id=\"order-remark\"", &order.remark),
    ]);
    let recent = |order: &Order| format!("<li>{} {} {}</li>", order.no, escaped(&order.buyer), order.phone);
    let body = format!(
        "<main id=\"order\" class=\"order-detail\"><h1>订单详情</h1><dl class=\"order-head\">{head}</dl>\
         <table class=\"order-items\"><thead><tr><th>商品</th><th>规格</th><th>数量</th><th>单价</th></tr></thead>\
         <tbody>{items}</tbody></table>\
         <section class=\"order-tags\"><h2>标签</h2><ul id=\"tags\">{tags}</ul></section>\
         <section class=\"order-notes\"><h2>客服备注</h2><ol id=\"notes\">{notes}</ol></section>\
         <nav class=\"order-links\"><a href=\"/orders/{no}/logistics\">查看物流</a> <a href=\"/aftersales/{no}\">售后</a>\
         <a href=\"/orders/{no}/note\">添加备注</a> <a href=\"/orders/{no}/tag\">打标签</a></nav></main>\
         <aside class=\"recent\"><h2>最近订单</h2><ul>{others}</ul></aside>",
        items = order.items.iter().map(item).collect::<String>(),
        tags = listed("tag", &order.tags),
        notes = listed("note", &order.notes),
        no = order.no,
        others = others.take(5).map(recent).collect::<String>(),
    );
    Page { title: "订单详情", body }
}

pub(super) fn logistics(order: &Order) -> Page {
    let Some(parcel) = &order.parcel else { return nothing("该订单暂无物流信息") };
    let head = defined(&[
        ("订单编号", "id=\"order-no\"", &order.no),
        ("快递公司", "id=\"carrier\"", &parcel.carrier),
        ("运单号", "id=\"parcel-no\"", &parcel.number),
        ("收货地址", "class=\"buyer-address\"", &order.address),
    ]);
    let body = format!(
        "<main id=\"logistics\"><h1>物流信息</h1><dl class=\"parcel-head\">{head}</dl>\
         <table id=\"events\" data-order=\"{}\" data-state=\"loading\"><thead><tr><th>时间</th><th>物流动态</th></tr></thead>\
         <tbody></tbody></table></main>",
        order.no
    );
    Page { title: "物流信息", body }
}

pub(super) fn after_sale(order: &Order, case: &AfterSale, token: &str) -> Page {
    let head = defined(&[
        ("售后编号", "id=\"as-no\"", &case.no),
        ("订单编号", "id=\"order-no\"", &order.no),
        ("售后类型", "id=\"as-kind\"", &case.kind),
        ("售后状态", "id=\"as-status\"", &case.status),
        ("退款金额", "id=\"as-amount\"", &yuan(case.amount_cents)),
        ("申请原因", "id=\"as-reason\"", &case.reason),
    ]);
    let body = format!(
        "<main id=\"aftersale\"><h1>售后详情</h1><dl class=\"as-head\">{head}</dl>\
         <form id=\"refund-form\" method=\"post\" action=\"/aftersales/{}/refund\">\
         <input type=\"hidden\" name=\"csrf\" value=\"{token}\">\
         <button id=\"refund\" class=\"danger\" type=\"submit\">同意退款</button></form></main>",
        order.no
    );
    Page { title: "售后详情", body }
}

pub(super) fn note_form(order: &Order, token: &str) -> Page {
    let body = format!(
        "<main id=\"note\"><h1>添加备注</h1><dl><dt>订单编号</dt><dd id=\"order-no\">{no}</dd></dl>\
         <form id=\"note-form\" method=\"post\" action=\"/orders/{no}/notes\">\
         <input type=\"hidden\" name=\"csrf\" value=\"{token}\">\
         <label>可见范围 <select id=\"note-visible\" name=\"visible\"><option value=\"internal\">仅客服可见</option>\
         <option value=\"buyer\">买家可见</option></select></label>\
         <label>备注内容 <textarea id=\"note-text\" name=\"text\" maxlength=\"{NOTE_CHARS}\" data-autosave></textarea></label>\
         <button id=\"note-save\" type=\"submit\">保存备注</button>\
         <button id=\"note-cancel\" type=\"reset\">清空</button></form></main>",
        no = order.no
    );
    Page { title: "添加备注", body }
}

/// What buyer and shop wrote each other about an order, and a form to answer in.
pub(super) fn conversation(order: &Order, token: &str) -> Page {
    let line = |(at, line): (usize, &Line)| {
        let by = match line.by {
            Side::Buyer => "from-buyer",
            Side::Shop => "from-shop",
        };
        format!("<li class=\"{by}\" data-no=\"{}\">{}</li>", at + 1, escaped(&line.text))
    };
    let body = format!(
        "<main id=\"conversation\"><h1>客户消息</h1><dl><dt>订单编号</dt><dd id=\"order-no\">{no}</dd>\
         <dt>买家</dt><dd class=\"buyer-name\">{buyer}</dd></dl><ol id=\"messages\">{messages}</ol>\
         <form id=\"reply-form\" method=\"post\" action=\"/conversations/{no}/messages\">\
         <input type=\"hidden\" name=\"csrf\" value=\"{token}\">\
         <label>回复买家 <textarea id=\"reply-text\" name=\"text\" maxlength=\"{REPLY_CHARS}\" data-autosave></textarea></label>\
         <button id=\"reply-send\" type=\"submit\">发送</button></form></main>",
        no = order.no,
        buyer = escaped(&order.buyer),
        messages = order.chat.iter().enumerate().map(line).collect::<String>(),
    );
    Page { title: "客户消息", body }
}

pub(super) fn tag_form(order: &Order, token: &str) -> Page {
    let options: String = TAGS.iter().map(|tag| format!("<option value=\"{tag}\">{tag}</option>")).collect();
    let body = format!(
        "<main id=\"tag\"><h1>打标签</h1><dl><dt>订单编号</dt><dd id=\"order-no\">{no}</dd></dl>\
         <form id=\"tag-form\" data-order=\"{no}\" data-token=\"{token}\">\
         <label>标签 <select id=\"tag-choice\" name=\"tag\"><option value=\"\">请选择</option>{options}</select></label>\
         <button id=\"tag-save\" type=\"button\">保存</button></form><p id=\"tag-said\"></p></main>",
        no = order.no
    );
    Page { title: "打标签", body }
}

pub(super) fn untag_form(order: &Order, token: &str) -> Page {
    let options: String = TAGS.iter().map(|tag| format!("<option value=\"{tag}\">{tag}</option>")).collect();
    let body = format!(
        "<main id=\"untag\"><h1>移除标签</h1><dl><dt>订单编号</dt><dd id=\"order-no\">{no}</dd></dl>\
         <form id=\"untag-form\" method=\"post\" action=\"/orders/{no}/untag\">\
         <input type=\"hidden\" name=\"csrf\" value=\"{token}\">\
         <label>标签 <select id=\"untag-choice\" name=\"tag\"><option value=\"\">请选择</option>{options}</select></label>\
         <button id=\"untag-save\" type=\"submit\">移除</button></form>\
         <section class=\"removed-tags\"><h2>已移除</h2><ol id=\"removed\">{removed}</ol></section></main>",
        no = order.no,
        removed = listed("removed", &order.removed),
    );
    Page { title: "移除标签", body }
}

pub(super) const STYLE: &str = "body{font:14px/1.6 \"Noto Sans CJK SC\",sans-serif;margin:0;background:#f4f5f7;color:#1f2329}\
    .top{background:#1f2d3d;color:#fff;padding:10px 24px}.top nav{display:inline-block;margin:0 24px}.top a{color:#cfd8e3;margin-right:16px}\
    .who{float:right}main,aside{background:#fff;margin:16px 24px;padding:16px 24px;border-radius:4px}\
    dl{display:grid;grid-template-columns:96px 1fr;gap:4px 16px}dt{color:#8a8f99}dd{margin:0}\
    table{border-collapse:collapse;width:100%;margin:12px 0}th,td{border-bottom:1px solid #eceef1;padding:6px 8px;text-align:left}\
    .buyer-phone{font-family:\"DejaVu Sans Mono\",monospace}.danger{background:#d93026;color:#fff}\
    #messages{list-style:none;padding:0;max-width:560px}#messages li{margin:8px 0;padding:6px 12px;border-radius:6px;background:#eceef1;white-space:pre-line}\
    #messages .from-shop{background:#dcebff;margin-left:48px}textarea{width:480px;height:96px}.modal{display:none}.modal.open{display:block;position:fixed;inset:0;background:rgba(0,0,0,.5);z-index:9}\
    .modal .box{background:#fff;width:360px;margin:160px auto;padding:24px}";

pub(super) const SCRIPT: &str = include_str!("app.js");
