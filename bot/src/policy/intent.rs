//! What a customer wants, told from words. It names the matter on the card and sets the least risk; the trigger
//! table decides the rest.

use std::sync::LazyLock;

use cards::Risk;
use serde::{Deserialize, Serialize};

use super::plain::{Plain, Word, words};
use super::speech::adds_nothing;

/// Declares the intents: variant, name in configuration and record, locale key, least risk (requirements 6.2).
macro_rules! intents {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $key:literal, $risk:ident;)+) => {
        /// What a customer wants.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Intent {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)+
        }

        impl Intent {
            /// Every intent.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name in configuration and in the record.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The intent with this name.
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|intent| intent.as_str() == name)
            }

            /// The locale key of its label.
            pub fn key(self) -> &'static str {
                match self { $(Self::$variant => $key,)+ }
            }

            /// The least risk of an item about it.
            pub fn risk(self) -> Risk {
                match self { $(Self::$variant => Risk::$risk,)+ }
            }
        }
    };
}

intents! {
    /// What something is made of, how to care for it, whether it is there.
    Product = "product", "intent.product", Low;
    /// Which size fits.
    Sizing = "sizing", "intent.sizing", Low;
    /// When, how and for how much things are sent.
    Shipping = "shipping", "intent.shipping", Low;
    /// Where one order is.
    OrderStatus = "order_status", "intent.order_status", Medium;
    /// Giving back or changing.
    Returns = "returns", "intent.returns", Medium;
    /// Money back.
    Refund = "refund", "intent.refund", Medium;
    /// Money or goods for what went wrong.
    Compensation = "compensation", "intent.compensation", High;
    /// Dissatisfaction somebody has to answer for.
    Complaint = "complaint", "intent.complaint", High;
    /// Invoices.
    Invoice = "invoice", "intent.invoice", Low;
    /// Campaigns, coupons, prices.
    Coupon = "coupon", "intent.coupon", Low;
    /// Another recipient or address.
    AddressChange = "address_change", "intent.address_change", Medium;
    /// Defects and repair.
    Warranty = "warranty", "intent.warranty", Medium;
    /// Nothing yet.
    Greeting = "greeting", "intent.greeting", Low;
    /// None of these.
    Other = "other", "intent.other", Low;
}

/// What people say for what they want. Longer words weigh more; between equals the earlier row wins, so the rows
/// stand from the riskiest to the most harmless.
const SAID: &[(Intent, &str)] = &[
    (
        Intent::Complaint,
        "\
         投诉|投訴|举报|差评|维权|骗子|欺诈|12315|消协|曝光|不满意|态度太差|态度差|complaint|complain|scam|bad review|\
         terrible service",
    ),
    (Intent::Compensation, "赔偿|賠償|补偿|補償|赔钱|赔我|赔付|假一赔|compensation|compensate|reimburse"),
    (Intent::Refund, "退款|退钱|退錢|退的钱|钱退|仅退款|到账|定金|refund|refunded|money back"),
    (
        Intent::AddressChange,
        "\
         改地址|换地址|换个地址|地址写错|地址填错|地址错|修改地址|修改收货|改收货|电话写错|改电话|收货人写错|change my address|change address|\
         wrong address",
    ),
    (
        Intent::Warranty,
        "保修|质保|維修|维修|修一下|能修|坏了|破了|破洞|开线|开胶|质量问题|有污渍|拉链坏|三包|warranty|repair|broken|defective",
    ),
    (
        Intent::Returns,
        "\
         退货|退貨|换货|換貨|退换|换大一码|换小一码|换尺码|换颜色|无理由|能退吗|可以退|怎么退|能换吗|可以换|运费险|退回去|退回|发错货|少发|漏发|少了一件|不是我买的|\
         收到颜色不对|return|exchange",
    ),
    (
        Intent::OrderStatus,
        "\
         查物流|物流信息|物流停|物流不动|物流没|快递单号|单号|到哪了|到哪里了|没更新|不更新|没收到|签收|还没发货|没发货|发货了吗|发货了没|还没到|查件|催发货|取消订单|\
         订单取消|怎么取消|我的订单|包裹丢|where is my order|order status|tracking|not arrived|track",
    ),
    (Intent::Invoice, "发票|發票|开票|专票|普票|抬头|税号|invoice|receipt"),
    (
        Intent::Coupon,
        "\
         优惠|優惠|活动|满减|折扣|打折|红包|新客券|生日券|用券|有券|价保|保价|差价|降价|赠品|积分|会员|入会|便宜|用不了券|券怎么用|好评|晒图|双十一|双11|双十二|\
         双12|coupon|discount|promo code|sale",
    ),
    (
        Intent::Sizing,
        "尺码|尺碼|尺寸|多大码|什么码|几码|偏大|偏小|胸围|腰围|裙长|裤长|肩宽|身高|体重|穿多大|拍多大|选码|偏码|脚宽|多长|size|sizing|fit",
    ),
    (
        Intent::Shipping,
        "\
         发货|發貨|发什么快递|快递|包邮|邮费|运费|免邮|几天能到|多久到|几天到|顺丰|中通|圆通|送货上门|驿站|偏远|海外|港澳台|合并发|什么时候发|几天发|可以发吗|加急|\
         快点发|货到付款|寄|shipping|delivery|deliver|ship",
    ),
    (
        Intent::Product,
        "\
         面料|材质|什么材料|羊毛|真丝|真皮|纯棉|充绒|鹅绒|起球|掉色|褪色|缩水|怎么洗|机洗|干洗|洗涤|保养|色差|正品|现货|有货|补货|味道|厚不厚|透不透|内衬|防水|\
         防滑|保暖|钻绒|跑毛|弹力|磨脚|磨后跟|夹脚|异味|鞋跟|吊牌|质检|水洗|熨|礼盒|实体店|材料|material|fabric|wash|in stock|genuine|\
         authentic",
    ),
];

static TABLE: LazyLock<Vec<(Intent, Vec<Word>)>> =
    LazyLock::new(|| SAID.iter().map(|(intent, said)| (*intent, words(said))).collect());

/// What the texts are about, all of them together: the intent whose words weigh most.
pub fn intent_of(texts: &[String]) -> Intent {
    if !texts.is_empty() && texts.iter().all(|text| adds_nothing(text)) {
        return Intent::Greeting;
    }
    let plain: Vec<Plain> = texts.iter().map(|text| Plain::new(text)).collect();
    let mut best = (0, Intent::Other);
    for (intent, said) in TABLE.iter() {
        let weight = said.iter().filter(|word| plain.iter().any(|text| text.has(word))).map(weight).sum();
        if weight > best.0 {
            best = (weight, *intent);
        }
    }
    best.1
}

/// Everything the texts are about: one message may ask for a size and for compensation.
pub fn intents_of(texts: &[String]) -> Vec<Intent> {
    let plain: Vec<Plain> = texts.iter().map(|text| Plain::new(text)).collect();
    let said = TABLE.iter().filter(|(_, said)| said.iter().any(|word| plain.iter().any(|text| text.has(word))));
    said.map(|(intent, _)| *intent).collect()
}

/// A Chinese character says about as much as two letters.
fn weight(word: &Word) -> usize {
    match word {
        Word::Anywhere(_) => 2 * word.len(),
        Word::Whole(_) => word.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Intent {
        intent_of(&[text.to_owned()])
    }

    #[test]
    fn customers_words_name_their_intent() {
        let cases = [
            ("羊毛衫会起球吗", Intent::Product),
            ("165 110斤穿什么码", Intent::Sizing),
            ("亲 你们家免邮费吗", Intent::Shipping),
            ("物流卡住好几天没更新了", Intent::OrderStatus),
            ("买了不喜欢可以退吗", Intent::Returns),
            ("退款几天能到账啊", Intent::Refund),
            ("衣服破了你们要赔偿", Intent::Compensation),
            ("我要投诉你们", Intent::Complaint),
            ("需要开个发票", Intent::Invoice),
            ("满减是怎么算的", Intent::Coupon),
            ("地址写错了能帮我改一下吗", Intent::AddressChange),
            ("穿了一个月拉链坏了能修吗", Intent::Warranty),
            ("在吗", Intent::Greeting),
            ("今天天气怎么样", Intent::Other),
            ("do you ship abroad", Intent::Shipping),
            ("我 要 投.诉", Intent::Complaint),
        ];
        for (text, intent) in cases {
            assert_eq!(said(text), intent, "{text}");
        }
    }

    #[test]
    fn several_messages_are_one_matter_and_none_is_no_matter() {
        assert_eq!(intent_of(&["在吗".into(), "M101 现在有货吗".into()]), Intent::Product);
        assert_eq!(intent_of(&[]), Intent::Other);
        assert_eq!(intent_of(&["👍".into(), "谢谢".into()]), Intent::Greeting);
    }

    #[test]
    fn one_message_may_have_several_intents() {
        let said = |text: &str| intents_of(&[text.to_owned()]);
        assert_eq!(said("165 穿什么码？还有你们要赔偿我"), [Intent::Compensation, Intent::Sizing]);
        assert_eq!(said("今天天气怎么样"), []);
        assert_eq!(intents_of(&["包邮吗".into(), "要发票".into()]), [Intent::Invoice, Intent::Shipping]);
    }

    #[test]
    fn names_are_the_recorded_ones_and_differ() {
        let names: std::collections::BTreeSet<_> = Intent::ALL.iter().map(|intent| intent.as_str()).collect();
        assert_eq!(names.len(), 14);
        for intent in Intent::ALL {
            assert_eq!(serde_json::to_value(intent).expect("serialises"), intent.as_str());
            assert_eq!(intent.key(), format!("intent.{}", intent.as_str()));
        }
    }
}
