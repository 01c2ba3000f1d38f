//! Pictures that a colleague passes on.

use std::time::Duration;

use aijia::case::Ending;
use aijia::evidence::Kind;
use aijia::store::conversations;
use anyhow::ensure;
use cards::Act;
use simulator::telegram::{Medium, Spot};

use super::{ASKED, nothing_was_sent, on};
use crate::story;
use crate::world::colleagues::telegram_id;
use crate::world::{Away, Colleagues, Phones, World};

const PHOTO: &[u8] = b"\x89PNG\r\n\x1a\nnot much of a photo";

impl World {
    /// A colleague sends a picture, with a caption where their surface has any.
    async fn sends_picture(&mut self, member: &str, caption: &str) -> anyhow::Result<()> {
        match &self.phones {
            Phones::App => drop(self.sim.sends_picture(member, PHOTO.to_vec()).await?),
            Phones::Aibot(bot) if caption.is_empty() => drop(bot.sends_image(member, "photo.png", PHOTO)),
            Phones::Aibot(bot) => drop(bot.sends_mixed(member, caption, "photo.png", PHOTO)),
            Phones::Telegram(telegram) => {
                let id = telegram_id(member);
                telegram.send(id, Spot::private(Away::bot(), id), Medium::Photo(PHOTO.to_vec()), caption)?;
            }
        }
        self.listens().await
    }

    fn can_caption(&self) -> bool {
        !matches!(self.phones, Phones::App)
    }

    /// The pictures of a case's customer, as they were kept.
    async fn pictures_of(&self, number: i64) -> anyhow::Result<Vec<Vec<u8>>> {
        let conversation = self.case(number).await?.conversation;
        let read = self
            .app
            .store
            .read(move |tx| Box::pin(async move { Ok(conversations::history(tx, &conversation, 100).await?) }));
        let mut pictures = Vec::new();
        for sha256 in read.await?.into_iter().filter_map(|message| message.media_sha256) {
            pictures.push(self.app.blobs.get(&sha256).await?);
        }
        Ok(pictures)
    }
}

by_hand!(
    /// The customer's photo, sent after the question or together with it, is theirs: it is on the record, and the asker sees
    /// it with the card.
    asked_with_a_picture,
    |world| {
        world.sends_picture("LiHua", "").await?;
        ensure!(world.was_told("LiHua").join("\n").contains("不知道是哪位客户"), "{:?}", world.was_told("LiHua"));
        world.writes("LiHua", ASKED).await?;
        world.sends_picture("LiHua", "").await?;
        world.wait(Duration::from_secs(4)).await?;
        ensure!(world.was_told("LiHua").join("\n").contains("图片加到"), "{:?}", world.was_told("LiHua"));
        ensure!(world.recorded_anywhere(Kind::MediaStored).await?);
        ensure!(world.pictures_of(1).await? == [PHOTO], "{:?}", world.pictures_of(1).await?);
        ensure!(world.holds_card("LiHua"), "one card for both");
        world.decides("LiHua", Act::Send).await?;
        world.decides("LiHua", Act::Delivered).await?;
        ensure!(world.ended(1).await? == Ending::Answered);
        if world.can_caption() {
            world.sends_picture("LiHua", "/问 千牛 这样正常吗？").await?;
            world.wait(Duration::from_secs(4)).await?;
            ensure!(world.pictures_of(2).await? == [PHOTO], "a case of its own");
        }
        world.wait(Duration::from_secs(301)).await?;
        let before = world.was_told("LiHua").len();
        world.sends_picture("LiHua", "").await?;
        let told = world.was_told("LiHua").split_off(before).join("\n");
        ensure!(told.contains("不知道是哪位客户"), "after five minutes nobody knows whose it is: {told}");
    }
);
