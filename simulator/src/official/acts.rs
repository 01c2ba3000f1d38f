//! What customers do, each with its callback.

use super::people::Customer;
use super::{Kept, Official};
use crate::clock::SECOND_MS;
use crate::impossible::Impossible;
use crate::xml::Content;

/// What became of a callback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The HTTP status of the last attempt; `None` where no answer came.
    pub status: Option<u16>,
    /// What it was answered with.
    pub body: String,
    /// How many times it was tried (1 to 3).
    pub attempts: u32,
}

type Elements = Vec<(&'static str, Content)>;

fn text(text: &str) -> Content {
    Content::Text(text.to_owned())
}

impl Official {
    /// Somebody writes. Also who does not follow can.
    ///
    /// # Errors
    /// [`Impossible::NoCallback`], as of every act here.
    pub async fn says(&self, openid: &str, words: &str) -> Result<Delivery, Impossible> {
        self.writes(openid, "text", vec![("Content", text(words))]).await
    }

    /// Somebody sends a picture.
    ///
    /// # Errors
    /// As of [`Official::says`].
    pub async fn sends_image(&self, openid: &str, bytes: Vec<u8>) -> Result<Delivery, Impossible> {
        let id = self.keep("image.jpg", bytes);
        let url = format!("http://mmbiz.qpic.cn/{id}");
        self.writes(openid, "image", vec![("PicUrl", text(&url)), ("MediaId", text(&id))]).await
    }

    /// Somebody speaks; `recognition` is what was understood, where the platform still says it.
    ///
    /// # Errors
    /// As of [`Official::says`].
    pub async fn sends_voice(
        &self,
        openid: &str,
        bytes: Vec<u8>,
        recognition: Option<&str>,
    ) -> Result<Delivery, Impossible> {
        let id = self.keep("voice.amr", bytes);
        let mut more = vec![("MediaId", text(&id)), ("Format", text("amr"))];
        more.extend(recognition.map(|words| ("Recognition", text(words))));
        self.writes(openid, "voice", more).await
    }

    /// Somebody follows the account.
    ///
    /// # Errors
    /// As of [`Official::says`].
    pub async fn subscribes(&self, openid: &str) -> Result<Delivery, Impossible> {
        self.does(openid, "subscribe", "", Customer::follow).await
    }

    /// Somebody follows it no more: nothing can be sent to them.
    ///
    /// # Errors
    /// As of [`Official::says`].
    pub async fn unsubscribes(&self, openid: &str) -> Result<Delivery, Impossible> {
        self.does(openid, "unsubscribe", "", |customer, _| customer.unfollow()).await
    }

    /// Somebody presses a button of the menu.
    ///
    /// # Errors
    /// As of [`Official::says`].
    pub async fn clicks(&self, openid: &str, key: &str) -> Result<Delivery, Impossible> {
        self.does(openid, "CLICK", key, Customer::acted).await
    }

    /// Somebody opens a page by the menu, which allows nothing.
    ///
    /// # Errors
    /// As of [`Official::says`].
    pub async fn views(&self, openid: &str, url: &str) -> Result<Delivery, Impossible> {
        self.does(openid, "VIEW", url, |_, _| ()).await
    }

    /// A follower scans a code of the account.
    ///
    /// # Errors
    /// As of [`Official::says`].
    pub async fn scans(&self, openid: &str, scene: &str) -> Result<Delivery, Impossible> {
        self.does(openid, "SCAN", scene, Customer::acted).await
    }

    fn keep(&self, filename: &str, bytes: Vec<u8>) -> String {
        self.shared.kept().store(filename.to_owned(), bytes, self.shared.now())
    }

    async fn writes(&self, openid: &str, kind: &str, more: Elements) -> Result<Delivery, Impossible> {
        let elements = {
            let (mut kept, now) = (self.shared.kept(), self.shared.now());
            kept.customer(openid).wrote(now);
            let id = i64::try_from(kept.rng.next() >> 2).unwrap_or(1);
            [self.head(openid, kind, now), more, vec![("MsgId", Content::Number(id))]].concat()
        };
        self.shared.deliver(&elements).await
    }

    async fn does(
        &self,
        openid: &str,
        event: &str,
        key: &str,
        act: impl FnOnce(&mut Customer, i64),
    ) -> Result<Delivery, Impossible> {
        let now = self.shared.now();
        act(self.shared.kept().customer(openid), now);
        let more = vec![("Event", text(event)), ("EventKey", text(key))];
        self.shared.deliver(&[self.head(openid, "event", now), more].concat()).await
    }

    fn head(&self, openid: &str, kind: &str, now: i64) -> Elements {
        vec![
            ("ToUserName", text(&self.shared.settings.original_id)),
            ("FromUserName", text(openid)),
            ("CreateTime", Content::Number(now / SECOND_MS)),
            ("MsgType", text(kind)),
        ]
    }
}

impl Kept {
    fn customer(&mut self, openid: &str) -> &mut Customer {
        self.people.entry(openid.to_owned()).or_default()
    }
}
