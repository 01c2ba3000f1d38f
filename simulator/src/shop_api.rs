//! Shop systems with an API of their own, as strict servers with a ledger: WooCommerce's REST API v3 and Shopify's Admin
//! API. Each takes one key, which only reads; whatever writes is refused, and written down.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::simulator::until;
use crate::stop::StopOnDrop;

/// The key WooCommerce takes: a consumer key and its secret.
pub const WOOCOMMERCE_KEY: &str = "ck_simulated:cs_simulated";
/// The token Shopify takes.
pub const SHOPIFY_TOKEN: &str = "shpat_simulated";

/// How the servers answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mood {
    /// As they should.
    #[default]
    Well,
    /// The key was withdrawn.
    Denied,
    /// HTTP 503.
    Down,
    /// Something that is no JSON.
    Garbled,
}

/// A running server on 127.0.0.1; it ends when the last clone is dropped.
#[derive(Clone)]
pub struct ShopApi {
    shared: Arc<Shared>,
    _stop: Arc<StopOnDrop>,
}

struct Shared {
    port: u16,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    mood: Mood,
    /// Orders by number: WooCommerce's status, Shopify's two, and the parcel.
    orders: BTreeMap<String, Order>,
    hits: Vec<String>,
}

/// An order of the shop.
#[derive(Clone, Debug)]
pub struct Order {
    /// As WooCommerce calls how it stands.
    pub status: String,
    /// As Shopify calls what became of the money.
    pub financial: String,
    /// As Shopify calls what became of the goods.
    pub fulfilment: String,
    /// What was paid, such as `259.00`.
    pub paid: String,
    /// The carrier and the parcel's number.
    pub parcel: Option<(String, String)>,
}

impl Shared {
    /// Nothing may await while it is held.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ShopApi {
    /// Binds a free port of 127.0.0.1.
    ///
    /// # Errors
    /// Where no socket can be had.
    pub async fn start() -> anyhow::Result<ShopApi> {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("binding 127.0.0.1")?;
        let (stop, stopped) = watch::channel(false);
        let shared = Arc::new(Shared { port: listener.local_addr()?.port(), kept: Mutex::default() });
        let serving = axum::serve(listener, router(shared.clone())).with_graceful_shutdown(until(stopped));
        tokio::spawn(async move { serving.await });
        Ok(ShopApi { shared, _stop: Arc::new(StopOnDrop(stop)) })
    }

    /// `http://127.0.0.1:PORT`.
    pub fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.shared.port)
    }

    /// How it answers from now on.
    pub fn is(&self, mood: Mood) {
        self.shared.kept().mood = mood;
    }

    /// Adds or changes an order.
    pub fn has(&self, number: &str, order: Order) {
        self.shared.kept().orders.insert(number.to_owned(), order);
    }

    /// Every request, as method and path.
    pub fn hits(&self) -> Vec<String> {
        self.shared.kept().hits.clone()
    }
}

fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/wp-json/wc/v3/orders/{id}", get(woocommerce))
        .route("/admin/api/2026-01/graphql.json", post(shopify))
        .layer(middleware::from_fn_with_state(shared.clone(), moody))
        .with_state(shared)
}

async fn moody(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let mood = {
        let mut kept = shared.kept();
        kept.hits.push(format!("{} {}", request.method(), request.uri().path()));
        kept.mood
    };
    match mood {
        Mood::Well => next.run(request).await,
        Mood::Denied => StatusCode::UNAUTHORIZED.into_response(),
        Mood::Down => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Mood::Garbled => "<html>maintenance".into_response(),
    }
}

async fn woocommerce(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(asked): Query<BTreeMap<String, String>>,
) -> Response {
    let expected = format!("Basic {}", STANDARD.encode(WOOCOMMERCE_KEY));
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if given != Some(expected.as_str()) {
        let refused = json!({ "code": "woocommerce_rest_cannot_view", "message": "Sorry, you cannot view this resource.",
            "data": { "status": 401 } });
        return (StatusCode::UNAUTHORIZED, axum::Json(refused)).into_response();
    }
    let order = shared.kept().orders.get(&id).cloned();
    let (Some(order), Ok(number)) = (order, id.parse::<u64>()) else {
        let missing = json!({ "code": "woocommerce_rest_shop_order_invalid_id", "message": "Invalid ID.",
            "data": { "status": 404 } });
        return (StatusCode::NOT_FOUND, axum::Json(missing)).into_response();
    };
    let mut answer = json!({ "id": number, "number": id, "status": order.status, "currency": "CNY", "total": order.paid,
        "date_created_gmt": "2026-11-20T15:30:00", "date_paid_gmt": "2026-11-20T15:31:00",
        "billing": { "first_name": "小雨", "phone": "13800002417" }, "meta_data": meta_data(&order) });
    if let (Some(fields), Some(all)) = (asked.get("_fields"), answer.as_object_mut()) {
        all.retain(|name, _| fields.split(',').any(|field| field == name));
    }
    axum::Json(answer).into_response()
}

/// What plug-ins keep with an order: somebody's phone, and the parcel as WooCommerce Shipment Tracking writes it.
fn meta_data(order: &Order) -> Value {
    let parcel = |(carrier, number): &(String, String)| {
        json!({ "tracking_provider": "", "custom_tracking_provider": carrier, "custom_tracking_link": "",
            "tracking_number": number, "date_shipped": "1795017600", "tracking_id": "9c1b6ac5f1c0a1d6b6d0c3f6a2f6f5b3" })
    };
    let parcels: Vec<Value> = order.parcel.iter().map(parcel).collect();
    json!([
        { "id": 4171, "key": "_billing_wechat", "value": "13800002417" },
        { "id": 4172, "key": "_wc_shipment_tracking_items", "value": parcels },
    ])
}

async fn shopify(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    if headers.get("x-shopify-access-token").and_then(|token| token.to_str().ok()) != Some(SHOPIFY_TOKEN) {
        return (StatusCode::UNAUTHORIZED, axum::Json(json!({ "errors": "[API] Invalid API key or access token" })))
            .into_response();
    }
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let query = asked["query"].as_str().unwrap_or_default();
    if !query.trim_start().starts_with("query") || query.contains("customer") {
        return axum::Json(
            json!({ "errors": [{ "message": "Access denied", "extensions": { "code": "ACCESS_DENIED" } }] }),
        )
        .into_response();
    }
    let name = asked["variables"]["q"].as_str().and_then(|q| q.strip_prefix("name:")).unwrap_or_default();
    let found = shared.kept().orders.get(name).cloned();
    let nodes: Vec<Value> = found.iter().map(|order| node(name, order)).collect();
    axum::Json(json!({ "data": { "orders": { "nodes": nodes } } })).into_response()
}

fn node(name: &str, order: &Order) -> Value {
    let sent =
        |(company, number): &(String, String)| json!({ "trackingInfo": [{ "number": number, "company": company }] });
    json!({ "name": format!("#{name}"), "createdAt": "2026-11-20T15:30:00Z",
        "displayFinancialStatus": order.financial, "displayFulfillmentStatus": order.fulfilment,
        "totalReceivedSet": { "shopMoney": { "amount": order.paid, "currencyCode": "CNY" } },
        "fulfillments": order.parcel.iter().map(sent).collect::<Vec<_>>() })
}
