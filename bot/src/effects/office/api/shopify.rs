//! Shopify's Admin API: one GraphQL question, which only reads. Its errors come with HTTP 200.

use reqwest::{Client, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::{Answer, NoOrder, Order, Parcel, State, exchange, hundredths, json_of, moment};

/// The version of the API that answers are read as.
const VERSION: &str = "2026-01";
/// What is asked: nothing of the customer.
const QUESTION: &str = "query($q: String!) { orders(first: 2, query: $q) { nodes { name createdAt displayFinancialStatus \
    displayFulfillmentStatus totalReceivedSet { shopMoney { amount currencyCode } } \
    fulfillments(first: 5) { trackingInfo(first: 1) { number company } } } } }";

/// The order with this name, with or without its `#`.
pub(super) async fn order(client: &Client, base: &str, key: &SecretString, number: &str) -> Result<Answer, NoOrder> {
    let url = format!("{}/admin/api/{VERSION}/graphql.json", base.trim_end_matches('/'));
    let asked = json!({ "query": QUESTION, "variables": { "q": format!("name:{number}") } });
    let request = client.post(&url).header("X-Shopify-Access-Token", key.expose_secret()).json(&asked);
    let (status, raw) = exchange(request).await?;
    if status != StatusCode::OK {
        return Err(NoOrder::Unavailable(status.to_string()));
    }
    Ok(Answer { order: read(&json_of(&raw)?, number)?, raw, url })
}

/// What stands in an answer, if it is about the order that was asked for.
fn read(answer: &Value, number: &str) -> Result<Order, NoOrder> {
    if let Some(error) = answer["errors"].as_array().and_then(|errors| errors.first()) {
        let code = error["extensions"]["code"].as_str().unwrap_or("an error").to_owned();
        return Err(if code == "ACCESS_DENIED" { NoOrder::Denied(code) } else { NoOrder::Unavailable(code) });
    }
    let nodes = answer["data"]["orders"]["nodes"].as_array();
    let named = |order: &&Value| order["name"].as_str().is_some_and(|name| name.trim_start_matches('#') == number);
    let order = nodes.into_iter().flatten().find(named).ok_or(NoOrder::NotFound)?;
    let money = &order["totalReceivedSet"]["shopMoney"];
    let paid = money["amount"].as_str().and_then(hundredths);
    let tracking = order["fulfillments"].as_array().into_iter().flatten();
    let tracking = tracking.map(|sent| &sent["trackingInfo"][0]).filter(|info| info["number"].is_string());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Ok(Order {
        state: state(order).ok_or_else(|| NoOrder::Unavailable("the answer has a status that is not known".into()))?,
        paid: paid.map(|cents| (cents, text(&money["currencyCode"]))),
        placed_at: order["createdAt"].as_str().and_then(moment),
        parcels: tracking
            .map(|info| Parcel { carrier: text(&info["company"]), number: text(&info["number"]) })
            .collect(),
    })
}

/// What money and goods say together: a refund first, then what was sent.
fn state(order: &Value) -> Option<State> {
    let sent = match order["displayFulfillmentStatus"].as_str()? {
        "FULFILLED" => State::Sent,
        "PARTIALLY_FULFILLED" => State::PartlySent,
        "UNFULFILLED" | "IN_PROGRESS" | "ON_HOLD" | "SCHEDULED" | "OPEN" | "PENDING_FULFILLMENT" | "RESTOCKED" => {
            State::Processing
        }
        _ => return None,
    };
    match order["displayFinancialStatus"].as_str()? {
        "REFUNDED" => Some(State::Refunded),
        "PARTIALLY_REFUNDED" => Some(State::PartlyRefunded),
        "VOIDED" | "EXPIRED" => Some(State::Cancelled),
        "PENDING" | "AUTHORIZED" if sent == State::Processing => Some(State::Unpaid),
        "PAID" | "PARTIALLY_PAID" | "PENDING" | "AUTHORIZED" => Some(sent),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(financial: &str, fulfilment: &str) -> Value {
        let order = json!({ "name": "#104170", "createdAt": "2026-11-20T15:30:00Z", "displayFinancialStatus": financial,
            "displayFulfillmentStatus": fulfilment,
            "totalReceivedSet": { "shopMoney": { "amount": "259.0", "currencyCode": "CNY" } },
            "fulfillments": [{ "trackingInfo": [{ "number": "SF1020304050", "company": "SF Express" }] }] });
        json!({ "data": { "orders": { "nodes": [order] } } })
    }

    #[test]
    fn an_order_is_read_with_its_parcel() {
        let order = read(&answer("PAID", "FULFILLED"), "104170").unwrap();
        assert_eq!((order.state, order.paid), (State::Sent, Some((25_900, "CNY".to_owned()))));
        let parcel = Parcel { carrier: "SF Express".into(), number: "SF1020304050".into() };
        assert_eq!(order.parcels, [parcel]);
        for (financial, fulfilment, state) in [
            ("PENDING", "UNFULFILLED", State::Unpaid),
            ("PAID", "PARTIALLY_FULFILLED", State::PartlySent),
            ("REFUNDED", "FULFILLED", State::Refunded),
        ] {
            assert_eq!(
                read(&answer(financial, fulfilment), "104170").unwrap().state,
                state,
                "{financial} {fulfilment}"
            );
        }
    }

    #[test]
    fn what_is_no_answer_about_this_order_is_told_apart() {
        assert_eq!(read(&answer("PAID", "FULFILLED"), "104171"), Err(NoOrder::NotFound));
        let error = |code: &str| json!({ "errors": [{ "message": "no", "extensions": { "code": code } }] });
        assert_eq!(read(&error("ACCESS_DENIED"), "1"), Err(NoOrder::Denied("ACCESS_DENIED".into())));
        assert_eq!(read(&error("THROTTLED"), "1"), Err(NoOrder::Unavailable("THROTTLED".into())));
        assert!(matches!(read(&answer("ODD", "FULFILLED"), "104170"), Err(NoOrder::Unavailable(_))));
    }
}
