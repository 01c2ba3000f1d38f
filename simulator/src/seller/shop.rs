//! What the shop knows: orders, parcels, after-sales cases, notes and tags.

use std::collections::BTreeMap;

/// An order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// 订单编号: 18 digits.
    pub no: String,
    /// 下单时间, as the page writes it.
    pub placed: String,
    /// 待付款, 待发货, 已发货, 已签收 or 已关闭.
    pub status: String,
    /// 收货人.
    pub buyer: String,
    /// Their phone number.
    pub phone: String,
    /// Their address.
    pub address: String,
    /// 实付, in fen.
    pub paid_cents: i64,
    /// What was bought.
    pub items: Vec<Item>,
    /// 买家留言: whatever the customer wrote.
    pub remark: String,
    /// Where it is; nothing before it was sent.
    pub parcel: Option<Parcel>,
    /// 售后; nothing where there is none.
    pub after_sale: Option<AfterSale>,
    /// 客服备注, oldest first.
    pub notes: Vec<String>,
    /// 标签.
    pub tags: Vec<String>,
    /// Tags that were taken off, oldest first.
    pub removed: Vec<String>,
    /// 客户消息: what buyer and shop wrote each other about it, oldest first.
    pub chat: Vec<Line>,
}

/// A message of an order's conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Whose.
    pub by: Side,
    /// The words.
    pub text: String,
}

/// Who wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// 买家.
    Buyer,
    /// 商家.
    Shop,
}

/// A line of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The product.
    pub name: String,
    /// 规格.
    pub variant: String,
    /// How many.
    pub count: u32,
    /// 单价, in fen.
    pub price_cents: i64,
}

/// A parcel on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// 快递公司.
    pub carrier: String,
    /// 运单号.
    pub number: String,
    /// When and what, newest first.
    pub events: Vec<(String, String)>,
}

/// An after-sales case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AfterSale {
    /// 售后编号.
    pub no: String,
    /// 仅退款 or 退货退款.
    pub kind: String,
    /// 待商家处理, 待买家退货, 退款成功 or 已拒绝.
    pub status: String,
    /// 退款金额, in fen.
    pub amount_cents: i64,
    /// The customer's words.
    pub reason: String,
}

/// The orders by number.
pub(super) type Orders = BTreeMap<String, Order>;

const PEOPLE: [(&str, &str, &str); 6] = [
    ("林小雨", "13800002417", "浙江省杭州市西湖区文三路 138 号 2 幢 601"),
    ("陈建国", "13912347708", "江苏省苏州市姑苏区平江路 66 号"),
    ("王芳", "13566120935", "四川省成都市锦江区东大街 9 号 18 楼"),
    ("赵敏", "18720481163", "广东省佛山市禅城区祖庙路 21 号"),
    ("刘洋", "15098763302", "山东省青岛市市南区香港中路 40 号"),
    ("周婷", "17755201846", "湖北省武汉市武昌区中北路 108 号"),
];
const GOODS: [(&str, &str, i64); 5] = [
    ("羊毛混纺圆领毛衣", "燕麦色 / M", 25_900),
    ("亚麻衬衫", "白色 / L", 18_800),
    ("加绒直筒牛仔裤", "深蓝 / 29", 22_900),
    ("羊羔毛外套", "驼色 / S", 45_900),
    ("纯棉条纹袜 3 双装", "均码", 3_900),
];
const STATES: [&str; 5] = ["已发货", "待发货", "已签收", "已发货", "已关闭"];

/// Thirty invented orders, always the same.
pub(super) fn orders() -> Orders {
    (0..30_usize).map(order).map(|order| (order.no.clone(), order)).collect()
}

fn order(n: usize) -> Order {
    let (buyer, phone, address) = PEOPLE[n % PEOPLE.len()];
    let items: Vec<Item> = (0..=n % 2).map(|line| item(n + line * 2)).collect();
    let status = STATES[n % STATES.len()];
    let total: i64 = items.iter().map(|item| item.price_cents * i64::from(item.count)).sum();
    Order {
        no: format!("2026112800{:08}", 10_417 + n * 977),
        placed: format!("2026-11-{:02} {:02}:{:02}:{:02}", 20 + n % 8, 9 + n % 12, (n * 7) % 60, (n * 13) % 60),
        status: status.to_owned(),
        buyer: buyer.to_owned(),
        phone: phone.to_owned(),
        address: address.to_owned(),
        paid_cents: if n.is_multiple_of(3) { total - 1_000 } else { total },
        items,
        remark: if n.is_multiple_of(4) { "麻烦尽快发货，谢谢".to_owned() } else { String::new() },
        parcel: matches!(status, "已发货" | "已签收").then(|| parcel(n, status)),
        after_sale: (n % 5 == 2).then(|| after_sale(n, total)),
        notes: if n.is_multiple_of(6) { vec!["买家催过一次，已安抚".to_owned()] } else { Vec::new() },
        tags: if n.is_multiple_of(7) { vec!["老客户".to_owned()] } else { Vec::new() },
        removed: Vec::new(),
        chat: chat(status),
    }
}

fn chat(status: &str) -> Vec<Line> {
    let asked = match status {
        "已发货" => "请问快递到哪里了？",
        "已签收" => "收到了，尺码偏小，可以退吗？",
        _ => "在吗？什么时候能发货？",
    };
    let greeted = Line { by: Side::Shop, text: "您好，暖衣旗舰店为您服务".to_owned() };
    vec![greeted, Line { by: Side::Buyer, text: asked.to_owned() }]
}

fn item(n: usize) -> Item {
    let (name, variant, price_cents) = GOODS[n % GOODS.len()];
    let count = if n % 5 == 4 { 2 } else { 1 };
    Item { name: name.to_owned(), variant: variant.to_owned(), count, price_cents }
}

fn parcel(n: usize, status: &str) -> Parcel {
    let mut events = vec![
        (format!("2026-11-{:02} 18:32:10", 21 + n % 8), "【杭州市】快件已由商家揽收".to_owned()),
        (format!("2026-11-{:02} 02:11:45", 22 + n % 8), "【杭州转运中心】快件已发往【武汉转运中心】".to_owned()),
    ];
    if status == "已签收" {
        events.push((format!("2026-11-{:02} 10:05:00", 24 + n % 6), "快件已由本人签收".to_owned()));
    }
    events.reverse();
    Parcel { carrier: "中通快递".to_owned(), number: format!("ZT{:012}", 730_000_417 + n * 31_337), events }
}

fn after_sale(n: usize, total: i64) -> AfterSale {
    AfterSale {
        no: format!("AS{:010}", 55_012 + n * 17),
        kind: if n.is_multiple_of(2) { "退货退款" } else { "仅退款" }.to_owned(),
        status: "待商家处理".to_owned(),
        amount_cents: total,
        reason: "尺码偏小，想换货或退货".to_owned(),
    }
}
