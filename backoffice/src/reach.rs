//! What may leave the browser while a recipe runs. Pure: a request goes in, a verdict comes out.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::address::is_private_literal;
use crate::inputs::Inputs;
use crate::recipe::{Endpoint, Expected, Place, Purpose, Recipe, parameters_match};

/// What a document loads.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    /// A style sheet.
    Stylesheet,
    /// A script.
    Script,
    /// An image.
    Image,
    /// A font.
    Font,
    /// Sound or video.
    Media,
    /// A document in a frame.
    Frame,
}

impl Resource {
    /// As recipes write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stylesheet => "stylesheet",
            Self::Script => "script",
            Self::Image => "image",
            Self::Font => "font",
            Self::Media => "media",
            Self::Frame => "frame",
        }
    }
}

/// What a request is for, as the browser says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// The tab's own document.
    Document,
    /// Something that it loads.
    Resource(Resource),
    /// A script asks.
    Ask,
    /// Anything else: pings, reports, prefetches, sockets.
    Other,
}

/// A request that a page is about to make.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// `GET`, …
    pub method: &'a str,
    /// Where to.
    pub url: &'a Url,
    /// What for.
    pub used: Use,
    /// Its body; nothing where there is none, or none that can be seen as a whole.
    pub body: Option<&'a [u8]>,
    /// Whether it wants to become a WebSocket.
    pub upgrade: bool,
}

/// Why a request was stopped.
#[derive(Clone, Copy, Debug, Serialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Barred {
    /// It would write, or may.
    Method,
    /// The recipe does not name this place for this use.
    Place,
    /// The host is not public, and not configured.
    Private,
    /// Not a web address.
    Scheme,
    /// A kind of connection that nobody can look into.
    Connection,
    /// The one write of this submit has been let out already.
    Spent,
}

/// What is decided about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It goes out.
    Allowed,
    /// It is the one write that was approved; it goes out once.
    TheWrite,
    /// It is stopped.
    Barred(Barred),
}

/// What a recipe with its inputs may touch on one account's site.
#[derive(Clone, Debug)]
pub struct Reach {
    recipe: Recipe,
    inputs: Inputs,
    origin: String,
}

impl Reach {
    /// For a run of `recipe` on the site at `origin` (`scheme://host[:port]`).
    pub fn new(recipe: &Recipe, inputs: &Inputs, origin: &str) -> Reach {
        Reach { recipe: recipe.clone(), inputs: inputs.clone(), origin: origin.to_owned() }
    }

    /// Whether the request may leave. `submitting` says that the approved write may be let out.
    pub fn judge(&self, request: &Request<'_>, submitting: bool) -> Verdict {
        if let Some(barred) = self.barred_anywhere(request) {
            return Verdict::Barred(barred);
        }
        if matches!(request.method, "GET" | "HEAD") {
            return if self.may_get(request) { Verdict::Allowed } else { Verdict::Barred(Barred::Place) };
        }
        if request.used == Use::Ask && self.recipe.queries.iter().any(|query| self.is_endpoint(query, request)) {
            return Verdict::Allowed;
        }
        if submitting && matches!(request.used, Use::Ask | Use::Document) && self.is_the_write(request) {
            return Verdict::TheWrite;
        }
        Verdict::Barred(Barred::Method)
    }

    fn barred_anywhere(&self, request: &Request<'_>) -> Option<Barred> {
        let url = request.url;
        let own = url.origin().ascii_serialization() == self.origin;
        match url.scheme() {
            _ if request.upgrade => Some(Barred::Connection),
            "ws" | "wss" => Some(Barred::Connection),
            "http" if !own => Some(if is_private_literal(url) { Barred::Private } else { Barred::Place }),
            "http" | "https" if !own && is_private_literal(url) => Some(Barred::Private),
            "http" | "https" if url.username().is_empty() && url.password().is_none() => None,
            _ => Some(Barred::Scheme),
        }
    }

    fn may_get(&self, request: &Request<'_>) -> bool {
        match request.used {
            Use::Document => self.is_page(request.url) || self.is_sign_in(request.url),
            Use::Resource(kind) => {
                let mut listed = self.recipe.resources.iter().filter(|allowed| allowed.kinds.contains(&kind));
                listed.any(|allowed| self.is_at(&allowed.at, request.url))
            }
            Use::Ask => {
                let mut queries = self.recipe.queries.iter().filter(|query| query.method == "GET");
                request.body.is_none() && queries.any(|query| self.is_at(&query.at, request.url))
            }
            Use::Other => false,
        }
    }

    /// Whether an address is a page of the recipe.
    pub fn is_page(&self, url: &Url) -> bool {
        self.recipe.pages.iter().any(|page| self.is_at(&page.at, url))
    }

    /// Whether an address is where the shop sends who is signed out.
    pub fn is_sign_in(&self, url: &Url) -> bool {
        let own = url.origin().ascii_serialization() == self.origin;
        own && self.recipe.signs.signed_out_paths.iter().any(|path| path.matches(&self.inputs, url.path()))
    }

    /// Whether an address is within a place.
    pub fn is_at(&self, place: &Place, url: &Url) -> bool {
        let origin = place.origin.as_deref().unwrap_or(&self.origin);
        url.origin().ascii_serialization() == origin
            && place.path.matches(&self.inputs, url.path())
            && parameters_match(&place.parameters, &self.inputs, url)
    }

    /// The address of a place without anything left open in it.
    pub fn address(&self, place: &Place) -> String {
        let origin = place.origin.as_deref().unwrap_or(&self.origin);
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in &place.parameters {
            if let Expected::Is(template) = value {
                query.append_pair(name, &template.fill(&self.inputs));
            }
        }
        let (path, query) = (place.path.fill(&self.inputs), query.finish());
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{origin}{path}{mark}{query}")
    }

    fn is_endpoint(&self, endpoint: &Endpoint, request: &Request<'_>) -> bool {
        let says = match (&endpoint.body, request.body) {
            (Some(body), Some(bytes)) => body.matches(&self.inputs, bytes),
            (None, None) => true,
            _ => false,
        };
        request.method == endpoint.method && self.is_at(&endpoint.at, request.url) && says
    }

    fn is_the_write(&self, request: &Request<'_>) -> bool {
        let Purpose::Write(write) = &self.recipe.purpose else { return false };
        let says = request.body.is_some_and(|bytes| write.body.matches(&self.inputs, bytes));
        request.method == write.method && self.is_at(&write.at, request.url) && says
    }
}

#[cfg(test)]
mod tests;
