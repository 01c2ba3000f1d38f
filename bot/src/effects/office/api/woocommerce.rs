//! WooCommerce's REST API v3: `GET {site}/wp-json/wc/v3/orders/{id}` with a consumer key and its secret.

use reqwest::{Client, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::{Answer, NoOrder, Order, State, exchange, hundredths, json_of, moment};

/// What is asked for: nothing of the customer.
const FIELDS: &str = "id,status,currency,total,date_created_gmt,date_paid_gmt";

/// The order with this number, which is its id.
pub(super) async fn order(client: &Client, base: &str, key: &SecretString, number: &str) -> Result<Answer, NoOrder> {
    let Some((user, secret)) = key.expose_secret().split_once(':') else {
        return Err(NoOrder::Denied("the key of WooCommerce is written ck_…:cs_…".into()));
    };
    let url = format!("{}/wp-json/wc/v3/orders/{number}", base.trim_end_matches('/'));
    let (status, raw) = exchange(client.get(&url).query(&[("_fields", FIELDS)]).basic_auth(user, Some(secret))).await?;
    match status {
        StatusCode::OK => Ok(Answer { order: read(&json_of(&raw)?, number)?, raw, url }),
        StatusCode::NOT_FOUND => Err(NoOrder::NotFound),
        status => Err(NoOrder::Unavailable(status.to_string())),
    }
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
        Some("completed") => State::Sent,
        Some("cancelled" | "trash") => State::Cancelled,
        Some("refunded") => State::Refunded,
        Some("failed") => State::Failed,
        _ => return Err(odd("a status that is not known")),
    };
    let currency = answer["currency"].as_str().unwrap_or_default().to_owned();
    let paid = answer["date_paid_gmt"].is_string().then(|| answer["total"].as_str().and_then(hundredths)).flatten();
    // Tracking numbers are a matter of plug-ins, and not of the order itself.
    let placed_at = answer["date_created_gmt"].as_str().and_then(moment);
    Ok(Order { state, paid: paid.map(|cents| (cents, currency)), placed_at, parcels: Vec::new() })
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
}
