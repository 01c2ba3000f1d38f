//! A colleague's browser: follows redirects, keeps cookies, fills in forms.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;

use super::World;

/// Redirects followed before a page is called a loop.
const MOST_REDIRECTS: usize = 6;

/// A browser on one member's phone.
pub struct Browser {
    http: reqwest::Client,
    cookies: BTreeMap<String, String>,
    /// The member whose phone it is.
    pub member: String,
}

/// What a browser shows.
#[derive(Debug, Clone)]
pub struct Page {
    /// The address it ended at.
    pub url: String,
    /// The HTTP status.
    pub status: u16,
    /// The document.
    pub html: String,
}

impl World {
    /// A browser that was never here before.
    pub fn browser(&self, member: &str) -> anyhow::Result<Browser> {
        let http = reqwest::Client::builder().no_proxy().redirect(Policy::none()).build()?;
        Ok(Browser { http, cookies: BTreeMap::new(), member: member.to_owned() })
    }

    /// The newest link in the app's messages to a member.
    pub fn newest_link(&self, member: &str) -> anyhow::Result<String> {
        let texts = self.sim.inbox(member).into_iter().rev().map(|item| item.text);
        let link =
            |text: String| text.find("http").map(|at| text[at..].split_whitespace().next().unwrap_or("").to_owned());
        texts.filter_map(link).next().with_context(|| format!("{member} was given no link"))
    }

    /// A member opens an address; what they then see counts as seen.
    pub async fn opens(&mut self, browser: &mut Browser, url: &str) -> anyhow::Result<Page> {
        let page = browser.get(url).await?;
        self.pages.push((browser.member.clone(), page.html.clone()));
        Ok(page)
    }

    /// A member replaces a draft on the review page: 改, the link, up to three messages.
    pub async fn rewrites(&mut self, member: &str, parts: &[&str]) -> anyhow::Result<()> {
        self.taps(member, cards::Act::Edit).await?;
        let link = self.newest_link(member)?;
        let mut browser = self.browser(member)?;
        let page = self.opens(&mut browser, &link).await?;
        let part = |at: usize| parts.get(at).copied().unwrap_or_default();
        let fields = [("part1", part(0)), ("part2", part(1)), ("part3", part(2))];
        let answer = self.submits(&mut browser, &page, "/edit", &fields).await?;
        ensure!(answer.status == 200 && !answer.has_form("/edit"), "the page did not take the text: {}", answer.html);
        Ok(())
    }

    /// A member presses the button of a page's form after changing some fields.
    pub async fn submits(
        &mut self,
        browser: &mut Browser,
        page: &Page,
        form: &str,
        changed: &[(&str, &str)],
    ) -> anyhow::Result<Page> {
        let (action, mut fields) = page.form(form)?;
        for (name, value) in changed {
            fields.insert((*name).to_owned(), (*value).to_owned());
        }
        let base = url::Url::parse(&page.url)?;
        let page = browser.post(base.join(&action)?.as_str(), &fields).await?;
        self.settle().await?;
        Ok(page)
    }
}

impl Browser {
    /// Opens an address and follows where it leads.
    pub async fn get(&mut self, url: &str) -> anyhow::Result<Page> {
        let mut url = url.to_owned();
        for _ in 0..MOST_REDIRECTS {
            let request = self.http.get(&url).header(COOKIE, self.cookie_line());
            match self.answer(&url, request).await? {
                Ok(page) => return Ok(page),
                Err(next) => url = next,
            }
        }
        anyhow::bail!("{url} leads nowhere")
    }

    /// Where an address leads to, without going there.
    pub async fn location(&mut self, url: &str) -> anyhow::Result<String> {
        let request = self.http.get(url).header(COOKIE, self.cookie_line());
        self.answer(url, request).await?.err().with_context(|| format!("{url} leads nowhere else"))
    }

    /// Hands a form in.
    pub async fn post(&mut self, url: &str, fields: &BTreeMap<String, String>) -> anyhow::Result<Page> {
        let request = self.http.post(url).header(COOKIE, self.cookie_line()).form(fields);
        match self.answer(url, request).await? {
            Ok(page) => Ok(page),
            Err(next) => self.get(&next).await,
        }
    }

    /// The page, or where to go on.
    async fn answer(&mut self, url: &str, request: reqwest::RequestBuilder) -> anyhow::Result<Result<Page, String>> {
        let answer = request.send().await?;
        for cookie in answer.headers().get_all(SET_COOKIE) {
            let pair = cookie.to_str()?.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').context("a cookie without a value")?;
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        let status = answer.status();
        if let Some(location) = answer.headers().get(LOCATION).filter(|_| status.is_redirection()) {
            return Ok(Err(url::Url::parse(url)?.join(location.to_str()?)?.to_string()));
        }
        let html = answer.text().await?;
        Ok(Ok(Page { url: url.to_owned(), status: status.as_u16(), html }))
    }

    fn cookie_line(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }
}

impl Page {
    /// Whether the page has a form that leads to an address with this end.
    pub fn has_form(&self, form: &str) -> bool {
        self.form(form).is_ok()
    }

    /// The address and the fields of the form whose address ends so.
    pub fn form(&self, form: &str) -> anyhow::Result<(String, BTreeMap<String, String>)> {
        let forms = self.html.split("<form").skip(1).map(|rest| rest.split("</form>").next().unwrap_or_default());
        let found = forms.into_iter().find(|text| attribute(text, "action").is_some_and(|a| a.ends_with(form)));
        let found = found.with_context(|| format!("no form {form} on {}", self.html))?;
        let mut fields = BTreeMap::new();
        for input in found.split("<input").skip(1) {
            let name = attribute(input, "name").context("an input without a name")?;
            fields.insert(name, attribute(input, "value").unwrap_or_default());
        }
        for area in found.split("<textarea").skip(1) {
            let name = attribute(area, "name").context("a text without a name")?;
            let text = area.split_once('>').and_then(|(_, rest)| rest.split_once("</textarea>"));
            let text = text.map(|(text, _)| unescaped(text.strip_prefix('\n').unwrap_or(text))).unwrap_or_default();
            fields.insert(name, text);
        }
        ensure!(fields.contains_key("csrf"), "the form {form} proves nothing");
        Ok((attribute(found, "action").unwrap_or_default(), fields))
    }
}

/// The first attribute of this name.
fn attribute(text: &str, name: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!(" {name}=\""))?;
    rest.split_once('"').map(|(value, _)| unescaped(value))
}

fn unescaped(text: &str) -> String {
    let pairs = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#x27;", "'"),
        ("&#39;", "'"),
        ("&#x2f;", "/"),
        ("&amp;", "&"),
    ];
    pairs.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}
