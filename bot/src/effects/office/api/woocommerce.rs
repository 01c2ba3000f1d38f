//! WooCommerce's REST API v3: `GET {site}/wp-json/wc/v3/orders/{id}` with a consumer key and its secret.

use reqwest::{Client, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::{Answer, NoOrder, Order, Parcel, State, exchange, hundredths, json_of, moment};

/// What is asked for: nothing of the customer, as far as that can be asked.
const FIELDS: &str = "id,status,currency,total,date_created_gmt,date_paid_gmt,meta_data";
/// Where the widespread plug-ins for parcels (WooCommerce Shipment Tracking, Advanced Shipment Tracking) keep them.
const PARCELS: &str = "_wc_shipment_tracking_items";
/// Who sent a parcel, as these write it: best for people first.
const CARRIER: [&str; 3] = ["formatted_tracking_provider", "custom_tracking_provider", "tracking_provider"];
/// Most parcels of an order that are read.
const MOST_PARCELS: usize = 20;
/// Most characters of a parcel's number, and of its carrier's name.
const LONGEST: usize = 40;

/// The order with this number, which is its id.
pub(super) async fn order(client: &Client, base: &str, key: &SecretString, number: &str) -> Result<Answer, NoOrder> {
    let Some((user, secret)) = key.expose_secret().split_once(':') else {
        return Err(NoOrder::Denied("the key of WooCommerce is written ck_…:cs_…".into()));
    };
    let url = format!("{}/wp-json/wc/v3/orders/{number}", base.trim_end_matches('/'));
    let (status, raw) = exchange(client.get(&url).query(&[("_fields", FIELDS)]).basic_auth(user, Some(secret))).await?;
    match status {
        StatusCode::OK => {
            let answer = without_strange_data(json_of(&raw)?);
            let raw = answer.to_string().into_bytes();
            Ok(Answer { order: read(&answer, number)?, raw, url })
        }
        StatusCode::NOT_FOUND => Err(NoOrder::NotFound),
        status => Err(NoOrder::Unavailable(status.to_string())),
    }
}

/// An answer without what other plug-ins keep with an order, which may be anything: it is neither read nor kept.
fn without_strange_data(mut answer: Value) -> Value {
    if let Some(data) = answer.get_mut("meta_data").and_then(Value::as_array_mut) {
        data.retain(|entry| entry["key"] == PARCELS);
    }
    answer
}

/// The parcels, as plug-ins keep them: the oldest first. PHP writes a list with gaps as an object.
fn parcels(answer: &Value) -> Vec<Parcel> {
    let kept = answer["meta_data"].as_array().into_iter().flatten().filter(|entry| entry["key"] == PARCELS);
    let items = kept.flat_map(|entry| match &entry["value"] {
        Value::Array(items) => items.iter().collect(),
        Value::Object(items) => items.values().collect(),
        _ => Vec::new(),
    });
    items.filter_map(parcel).take(MOST_PARCELS).collect()
}

fn parcel(item: &Value) -> Option<Parcel> {
    let words = |name: &str| item[name].as_str().map(str::trim).filter(|words| is_a_line(words));
    let number =
        words("tracking_number").filter(|number| number.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'))?;
    let carrier = CARRIER.iter().find_map(|name| words(name)).unwrap_or_default();
    Some(Parcel { carrier: carrier.to_owned(), number: number.to_owned() })
}

fn is_a_line(words: &str) -> bool {
    (1..=LONGEST).contains(&words.chars().count()) && !words.chars().any(char::is_control)
}

/// What stands in an answer, if it is about the order that was asked for.
fn read(answer: &Value, number: &str) -> Result<Order, NoOrder> {
    let odd = |what: &str| NoOrder::Unavailable(format!("the answer has {what}"));
    if answer["id"].as_u64().is_none_or(|id| id.to_string() != number.trim_start_matches('0')) {
        return Err(odd("another order"));
    }
    let state = match answer["status"].as_str() {
        Some("pending" | "on-hold" | "checkout-draft") => State::Unpaid,
        Some("processing") => State::Processing,
        Some("partial-shipped") => State::PartlySent,
        // The last two are of plug-ins that follow parcels.
        Some("completed" | "shipped" | "delivered") => State::Sent,
        Some("cancelled" | "trash") => State::Cancelled,
        Some("refunded") => State::Refunded,
        Some("failed") => State::Failed,
        _ => return Err(odd("a status that is not known")),
    };
    let currency = answer["currency"].as_str().unwrap_or_default().to_owned();
    let paid = answer["date_paid_gmt"].is_string().then(|| answer["total"].as_str().and_then(hundredths)).flatten();
    let placed_at = answer["date_created_gmt"].as_str().and_then(moment);
    Ok(Order { state, paid: paid.map(|cents| (cents, currency)), placed_at, parcels: parcels(answer) })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_order_is_read_if_it_is_the_one() {
        let answer = json!({ "id": 104_170, "status": "completed", "currency": "CNY", "total": "259.00",
            "date_paid_gmt": "2026-11-20T15:31:00", "date_created_gmt": "2026-11-20T15:30:00" });
        let order = read(&answer, "104170").unwrap();
        assert_eq!((order.state, order.paid), (State::Sent, Some((25_900, "CNY".to_owned()))));
        assert_eq!(order.placed_at, Some(1_795_188_600_000));
        assert!(read(&answer, "104171").is_err(), "another order's answer");
        let mut odd = answer.clone();
        odd["status"] = json!("wc-custom");
        assert!(read(&odd, "104170").is_err());
    }

    #[test]
    fn parcels_are_read_where_plug_ins_keep_them() {
        let item = |number: &str, carrier: &str| {
            json!({ "tracking_provider": carrier, "custom_tracking_provider": "", "tracking_number": number,
                "tracking_id": "f3", "date_shipped": "1795017600" })
        };
        let kept = |value: Value| json!({ "meta_data": [{ "id": 7, "key": PARCELS, "value": value }] });
        let read = |value: Value| {
            parcels(&kept(value)).into_iter().map(|p| format!("{} {}", p.carrier, p.number)).collect::<Vec<_>>()
        };
        assert_eq!(
            read(json!([item("YT1", "yto-express"), item("SF2", "sf-express")])),
            ["yto-express YT1", "sf-express SF2"]
        );
        assert_eq!(read(json!({ "1": item("SF2", "sf-express") })), ["sf-express SF2"], "a list with a gap");
        let named =
            json!([{ "tracking_provider": "", "custom_tracking_provider": "顺丰速运", "tracking_number": " SF3 " }]);
        assert_eq!(read(named), ["顺丰速运 SF3"]);
        for number in ["", "SF 1", "<b>", "一二三", &"9".repeat(41)] {
            assert!(read(json!([item(number, "sf-express")])).is_empty(), "{number}");
        }
        assert_eq!(read(json!([item("SF2", &"x".repeat(41))])), [" SF2"], "an odd carrier is left to the number");
        for value in [json!("a:1:{i:0;}"), json!(null), json!([7, "SF1", { "tracking_number": 5 }])] {
            assert!(read(value).is_empty());
        }
        let many: Vec<Value> = (0..50).map(|n| item(&format!("SF{n}"), "")).collect();
        assert_eq!(read(json!(many)).len(), MOST_PARCELS);
    }

    #[test]
    fn what_other_plug_ins_keep_is_not_kept() {
        let answer = json!({ "id": 1, "meta_data": [{ "key": "_billing_wechat", "value": "xiaoyu2417" },
            { "key": PARCELS, "value": [] }] });
        let kept = without_strange_data(answer).to_string();
        assert!(!kept.contains("xiaoyu") && kept.contains(PARCELS));
    }
}
