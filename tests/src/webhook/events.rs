//! What the other system tells besides new messages: reports about replies, changes that overtake each other, comments, and
//! what is left of its window.

use super::*;

/// A time of one day, as RFC 3339 writes it.
fn sent_at(hour: i64) -> String {
    format!("2026-11-29T{hour:02}:00:00+08:00")
}

story!(
    /// The other system took a reply and does not know whether it arrived: a person sees its words and says.
    a_reply_nobody_knows_about_is_on_a_card,
    |world| {
        let other = approved(world, []).await?;
        let reply = other.replies().first().cloned().context("a reply")?;
        ensure!(!world.has_open_card("LiHua") && matches!(world.case(1).await?.state, State::Closed { .. }));
        let update = |state| delivery(&reply.id, state);
        for _ in 0..2 {
            ensure!(other.tell("delivery.updated", update("unknown")).await? == 200);
            world.settle().await?;
        }
        let card = world.card("LiHua")?;
        ensure!(card.has(Act::Delivered) && card.has(Act::SendAgain) && card.has(Act::Drop), "{}", card.shown);
        ensure!(world.phone("LiHua").contains(&reply.text[..30]), "the words that left are shown");
        world.wait(Duration::from_secs(1_800)).await?;
        ensure!(other.tries().len() == 1, "nothing is sent again by itself");
        let card = world.card("WangWu")?;
        world.taps_card("WangWu", &card, Act::SendAgain, &[]).await?;
        let replies = other.replies();
        ensure!(replies.len() == 2 && replies[1].text == reply.text && replies[1].id != reply.id, "{replies:?}");
        ensure!(matches!(world.case(1).await?.state, State::Closed { ending: Ending::Answered }));
        everything_was_approved(world, &other).await?;
    }
);

story!(
    /// It turns out that it arrived after all: the card decides nothing any more, and the case is closed again.
    what_arrived_after_all_asks_nobody,
    |world| {
        let other = approved(world, []).await?;
        let reply = other.replies().first().cloned().context("a reply")?;
        let update = |state| delivery(&reply.id, state);
        ensure!(other.tell("delivery.updated", update("unknown")).await? == 200);
        world.settle().await?;
        let card = world.card("LiHua")?;
        ensure!(other.tell("delivery.updated", update("sent")).await? == 200);
        world.settle().await?;
        ensure!(matches!(world.case(1).await?.state, State::Closed { ending: Ending::Answered }));
        world.taps_late("LiHua", &card, Act::SendAgain).await?;
        ensure!(other.replies().len() == 1 && !world.has_open_card("LiHua"));
    }
);

story!(
    /// "It arrived" answers what is still being asked: no further try, and nobody is told that the reply waits.
    a_delivery_report_answers_a_lost_answer,
    |world| {
        let other = approved(world, [Answer::TakenAndLost; 3]).await?;
        let reply = other.replies().first().cloned().context("a reply")?;
        ensure!(other.tell("delivery.updated", delivery(&reply.id, "sent")).await? == 200);
        world.settle().await?;
        ensure!(matches!(world.case(1).await?.state, State::Closed { ending: Ending::Answered }));
        world.wait(Duration::from_secs(3_600)).await?;
        ensure!(other.tries().len() == 3 && other.replies().len() == 1, "{:?}", other.tries());
    }
);

story!(
    /// Events overtake each other on their way: what the customer wrote last is what is answered.
    an_edit_that_comes_first_is_what_counts,
    |world| {
        let other = with_a_mini_program(world).await?;
        let at = |hour: i64, text: &str| json!({"conversation_id": "c-1", "message_id": "m-1", "text": text, "sent_at": sent_at(hour)});
        ensure!(other.tell("message.edited", at(10, "羊毛衫怎么洗？")).await? == 200);
        ensure!(other.tell("message.created", at(9, FACT)).await? == 200);
        world.settle().await?;
        world.wait(Duration::from_secs(4)).await?;
        let card = world.card("LiHua")?.shown.to_string();
        ensure!(card.contains("怎么洗") && !card.contains("起球吗"), "{card}");
        ensure!(world.entries(Kind::CustomerSaid).await?.len() == 2, "both are on record");
        ensure!(other.tell("message.recalled", at(11, "")).await? == 200);
        ensure!(other.tell("message.edited", at(10, "羊毛衫怎么洗呢？")).await? == 200);
        world.settle().await?;
        world.wait(Duration::from_secs(4)).await?;
        ensure!(matches!(world.case(1).await?.state, State::Closed { ending: Ending::Withdrawn }));
        let said = world.entries(Kind::CustomerSaid).await?;
        ensure!(!format!("{said:?}").contains("怎么洗"), "what was taken back is erased: {said:?}");
    }
);

story!(
    /// A comment is answered in public: reviewers see that, and it is never mixed up with a direct message of the same id.
    a_comment_is_answered_where_it_stands,
    |world| {
        let other = with_a_mini_program(world).await?;
        let comment = json!({"conversation_id": "c-1", "thread_kind": "comment", "message_id": "m-1", "text": FACT});
        ensure!(other.tell("message.created", comment).await? == 200);
        world.settle().await?;
        world.wait(Duration::from_secs(4)).await?;
        let card = world.card_of("LiHua", 1)?;
        ensure!(card.text().contains("公开回复") && card.text().contains("公开或承诺"), "{}", card.shown);
        says(world, &other, "m-1", FACT).await?;
        let direct = world.card_of("LiHua", 2)?;
        ensure!(!direct.text().contains("公开"), "{}", direct.shown);
        world.taps_card("LiHua", &card, Act::Send, &[]).await?;
        world.taps_card("LiHua", &direct, Act::Send, &[]).await?;
        let sent: Vec<_> = other.replies().into_iter().map(|reply| (reply.conversation, reply.thread)).collect();
        let of = |thread: &str| ("c-1".to_owned(), thread.to_owned());
        ensure!(sent == [of("comment"), of("dm")], "{sent:?}");
        everything_was_approved(world, &other).await?;
    }
);

story!(
    /// What the other system says of its window with any event holds for what waits already.
    a_later_event_names_the_window,
    |world| {
        let other = with_a_mini_program(world).await?;
        says(world, &other, "m-1", FACT).await?;
        let card = world.card("LiHua")?;
        ensure!(!card.text().contains("可回"), "{}", card.shown);
        let spent = json!({"conversation_id": "c-1", "message_id": "m-0", "text": "改过的旧话", "reply_window": {"messages_left": 1}});
        ensure!(other.tell("message.recalled", spent).await? == 200);
        world.settle().await?;
        world.taps_card("LiHua", &card, Act::Send, &[]).await?;
        ensure!(other.tries().is_empty(), "the last message is kept for a person");
        let closed = json!({"conversation_id": "c-1", "message_id": "m-0", "reply_window": {"can_send": false}});
        ensure!(other.tell("message.recalled", closed).await? == 200);
        world.settle().await?;
        world.wait(Duration::from_secs(2)).await?;
        ensure!(matches!(world.case(1).await?.state, State::Closed { ending: Ending::WindowLost }));
        says(world, &other, "m-2", FACT).await?;
        world.taps("LiHua", Act::Send).await?;
        ensure!(other.replies().len() == 1, "a new message without limits opens the window again");
    }
);
