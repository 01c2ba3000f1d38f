//! The review page: everything a reviewer needs, opening decides nothing, a link is one person's for one version, signing
//! in is WeCom's (scenario 13, issue point 5).

use std::time::Duration;

use aijia::case::State;
use aijia::evidence::Kind;
use aijia::{config, start};
use anyhow::{Context, ensure};
use cards::Act;

use crate::story;
use crate::world::shown::escaped;
use crate::world::{Browser, DESK, FLAGSHIP, Page, World, XIAOYU};

const FACT: &str = "羊毛衫会起球吗？";
const NEW_TEXT: &str = "亲，轻微起球正常，小刷子轻轻一扫就好。";

/// A link that 改 gives to a member for their newest card, in a browser that is not signed in.
async fn link(world: &mut World, member: &str) -> anyhow::Result<(Browser, String)> {
    world.taps(member, Act::Edit).await?;
    Ok((world.browser(member)?, world.newest_link(member)?))
}

/// A member signs in and looks at a case.
async fn signs_in(world: &mut World, member: &str, number: i64) -> anyhow::Result<(Browser, Page)> {
    world.sim.sign_in_as(Some(member));
    let mut browser = world.browser(member)?;
    let url = format!("{}/review/{number}", world.address);
    let page = world.opens(&mut browser, &url).await?;
    Ok((browser, page))
}

fn undecided(state: &State) -> bool {
    matches!(state, State::AwaitingReview(review) if review.draft.version == 1)
}

story!(
    /// Chat programs open links by themselves: looking, however often and wherever, decides nothing and uses nothing up.
    opening_a_link_decides_nothing,
    |world| {
        world.customer_says(FACT).await?;
        let (_, url) = link(world, "LiHua").await?;
        let mut preview = world.browser("")?;
        for _ in 0..3 {
            let page = preview.get(&url).await?;
            ensure!(page.status == 200 && page.html.contains("起球"), "{}", page.html);
            ensure!(!page.has_form("/send"), "a link never approves");
        }
        let base = url.split("?t=").next().unwrap_or_default();
        let token = url.split("?t=").nth(1).unwrap_or_default();
        for path in ["/edit", "/send"] {
            preview.get(&format!("{base}{path}?t={token}")).await?;
        }
        world.settle().await?;
        ensure!(undecided(&world.case(1).await?.state) && world.customer_heard(XIAOYU).is_empty());
        let page = preview.get(&url).await?;
        let answer = world.submits(&mut preview, &page, "/edit", &[("part1", NEW_TEXT)]).await?;
        ensure!(answer.status == 200 && world.case(1).await?.version == 2, "the link is still good for its one text");
    }
);

story!(
    /// A link takes one text, which comes back as a card to be approved as shown.
    an_edit_on_the_page_comes_back_as_a_card,
    |world| {
        world.customer_says(FACT).await?;
        let (mut browser, url) = link(world, "LiHua").await?;
        let page = world.opens(&mut browser, &url).await?;
        let (_, fields) = page.form("/edit")?;
        let before = world.case(1).await?.draft().cloned().map(|d| d.parts).unwrap_or_default();
        ensure!(fields.get("part1") == before.first(), "the form begins with the draft: {fields:?}");
        world.submits(&mut browser, &page, "/edit", &[("part1", NEW_TEXT)]).await?;
        ensure!(world.customer_heard(XIAOYU).is_empty(), "handing in sends nothing");
        ensure!(world.card("ZhaoLiu")?.text().contains("小刷子"));
        let edited = world.record(1).await?.into_iter().find(|told| told.kind == Kind::Edited).context("an edit")?;
        ensure!(edited.actor.to_string().contains("lihua"), "{}", edited.actor);
        let again = world.submits(&mut browser, &page, "/edit", &[("part1", "第二次")]).await?;
        ensure!(again.status == 410 && again.html.contains("第二次"), "used, and the words are given back: {}", again.html);
        ensure!(world.case(1).await?.version == 2);
        world.taps("ZhaoLiu", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU) == [NEW_TEXT]);
    }
);

story!(
    /// A case without a draft takes a text on the page, too.
    a_first_text_can_be_written_on_the_page,
    |world| {
        world.customer_says("你们老板养的猫叫什么名字？").await?;
        world.rewrites("LiHua", &["它叫山茶。", "今年三岁。"]).await?;
        world.taps("LiHua", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU) == ["它叫山茶。", "今年三岁。"]);
    }
);

story!(
    /// After ten minutes a link is over; nothing is changed by what was typed into it, and nothing typed is lost.
    a_link_lives_ten_minutes,
    |world| {
        world.customer_says(FACT).await?;
        let (mut browser, url) = link(world, "LiHua").await?;
        let page = world.opens(&mut browser, &url).await?;
        world.wait(Duration::from_secs(9 * 60 + 50)).await?;
        ensure!(browser.get(&url).await?.status == 200, "not over yet");
        world.wait(Duration::from_secs(11)).await?;
        world.sim.sign_in_as(None);
        let over = world.browser("LiHua")?.get(&url).await?;
        ensure!(!over.html.contains("起球"), "an old link still shows the case: {}", over.html);
        let late = world.submits(&mut browser, &page, "/edit", &[("part1", NEW_TEXT)]).await?;
        ensure!(late.status == 410 && late.html.contains("小刷子"), "{}", late.html);
        ensure!(world.case(1).await?.draft().is_some_and(|draft| !draft.parts.concat().contains("小刷子")));
    }
);

story!(
    /// A link is for one version: the customer wrote again, and the old form changes nothing.
    a_link_is_for_one_version,
    |world| {
        world.customer_says(FACT).await?;
        let (mut browser, url) = link(world, "LiHua").await?;
        let page = world.opens(&mut browser, &url).await?;
        world.customer_says("等一下，我问的是怎么洗羊毛衫？").await?;
        let version = world.case(1).await?.version;
        let late = world.submits(&mut browser, &page, "/edit", &[("part1", NEW_TEXT)]).await?;
        ensure!(late.status == 200 || late.status == 410, "{}", late.status);
        ensure!(late.html.contains("小刷子"), "what was typed is given back: {}", late.html);
        ensure!(world.case(1).await?.version == version, "an old form changed a newer version");
        let (_, mut fields) = page.form("/edit")?;
        fields.insert("version".into(), version.to_string());
        fields.insert("code".into(), world.case(1).await?.code());
        fields.insert("part1".into(), NEW_TEXT.into());
        let base = url.split("?t=").next().unwrap_or_default();
        browser.post(&format!("{base}/edit"), &fields).await?;
        world.settle().await?;
        ensure!(world.case(1).await?.version == version, "a form that claims the newer version is not covered either");
        let again = world.opens(&mut browser, &url).await?;
        ensure!(again.html.contains("怎么洗") && !again.has_form("/edit"), "{}", again.html);
    }
);

story!(
    /// Another case's link, a changed link, no link at all: nothing is shown.
    other_links_are_refused,
    |world| {
        world.customer_says(FACT).await?;
        world.says(FLAGSHIP, "wmAqiang", "羊毛衫怎么洗？").await?;
        let first = world.card_of("LiHua", 1)?;
        world.taps_card("LiHua", &first, Act::Edit, &[]).await?;
        let url = world.newest_link("LiHua")?;
        world.sim.sign_in_as(None);
        let changed = match url.strip_suffix('0') {
            Some(rest) => format!("{rest}1"),
            None => format!("{}0", &url[..url.len() - 1]),
        };
        let other_case = url.replace("/review/1?", "/review/2?");
        let bare = url.split("?t=").next().unwrap_or_default().to_owned();
        for wrong in [changed, other_case, bare, format!("{}/review/1?t=", world.address)] {
            let page = world.browser("")?.get(&wrong).await?;
            let leaks = page.html.contains("起球") || page.html.contains("怎么洗");
            ensure!(!leaks && !page.has_form("/edit"), "{wrong}: {}", page.html);
        }
    }
);

story!(
    /// Signed in through WeCom, a reviewer sends exactly what the page shows.
    who_signed_in_can_send,
    |world| {
        world.customer_says(FACT).await?;
        let (mut browser, page) = signs_in(world, "LiHua", 1).await?;
        ensure!(page.status == 200 && page.has_form("/send"), "{}", page.html);
        ensure!(!page.url.contains("code=") && !page.html.contains("access_token"));
        let shown = world.case(1).await?.draft().cloned().map(|d| d.parts).unwrap_or_default();
        ensure!(shown.iter().all(|part| page.html.contains(&escaped(part))));
        let done = world.submits(&mut browser, &page, "/send", &[]).await?;
        ensure!(done.status == 200 && world.customer_heard(XIAOYU) == shown, "{}", done.html);
        let decided = world.record(1).await?.into_iter().find(|told| told.kind == Kind::Decided).context("decided")?;
        ensure!(decided.actor.to_string().contains("lihua"));
        let again = world.submits(&mut browser, &page, "/send", &[]).await?;
        ensure!(again.html.contains("点过了"), "{}", again.html);
        ensure!(world.customer_heard(XIAOYU).len() == shown.len(), "twice pressed, once sent");
    }
);

story!(
    /// A form that did not come from our page, to this person, about this case, does nothing.
    forms_of_others_do_nothing,
    |world| {
        world.customer_says(FACT).await?;
        world.says(FLAGSHIP, "wmAqiang", "羊毛衫怎么洗？").await?;
        let (mut lihua, page) = signs_in(world, "LiHua", 1).await?;
        let (_, other_case) = signs_in(world, "LiHua", 2).await?;
        let (_, other_person) = signs_in(world, "ZhaoLiu", 1).await?;
        let csrf = |page: &Page| page.form("/send").map(|(_, fields)| fields["csrf"].clone());
        let forged = [String::new(), "0".repeat(64), csrf(&other_case)?, csrf(&other_person)?];
        for token in &forged {
            for form in ["/send", "/edit"] {
                let answer = world.submits(&mut lihua, &page, form, &[("csrf", token), ("part1", NEW_TEXT)]).await?;
                ensure!(answer.status == 403, "{form} with {token:?}: {}", answer.status);
            }
        }
        let mut stranger = world.browser("")?;
        let answer = world.submits(&mut stranger, &page, "/send", &[]).await?;
        ensure!(answer.status == 401, "without the cookie: {}", answer.status);
        ensure!(undecided(&world.case(1).await?.state) && world.customer_heard(XIAOYU).is_empty());
        // A link's own form cannot approve, whatever is added to it.
        let first = world.card_of("LiHua", 1)?;
        world.taps_card("LiHua", &first, Act::Edit, &[]).await?;
        let url = world.newest_link("LiHua")?;
        let mut browser = world.browser("LiHua")?;
        let by_link = world.opens(&mut browser, &url).await?;
        let (_, fields) = by_link.form("/edit")?;
        let answer = browser.post(&format!("{}/review/1/send", world.address), &fields).await?;
        world.settle().await?;
        ensure!(answer.status == 401 && world.customer_heard(XIAOYU).is_empty(), "{}", answer.status);
    }
);

story!(
    /// Who is not on the list, or may not see the case, learns nothing; somebody else's browser cannot finish a sign-in.
    only_who_may_sees_the_page,
    |world| {
        world.customer_says(FACT).await?;
        for member in ["SunMei", "Stranger"] {
            let (_, page) = signs_in(world, member, 1).await?;
            ensure!(page.status == 403 && !page.html.contains("起球"), "{member}: {}", page.html);
        }
        let (_, nothing) = signs_in(world, "LiHua", 99).await?;
        ensure!(nothing.status == 404, "{}", nothing.status);
        let code = world.sim.oauth_code("LiHua");
        let stolen = format!("{}/review/oauth/callback?code={code}&state={}", world.address, "0".repeat(96));
        let page = world.browser("")?.get(&stolen).await?;
        ensure!(page.status == 401 && !page.html.contains("起球"), "{}", page.html);
    }
);

story!(
    /// A person removed from the configuration loses the page at once, signed in or with a link.
    a_removed_person_loses_the_page,
    |world| {
        world.customer_says(FACT).await?;
        let (mut by_link, url) = link(world, "LiHua").await?;
        let linked = world.opens(&mut by_link, &url).await?;
        let (mut signed_in, page) = signs_in(world, "LiHua", 1).await?;
        let blocks: Vec<&str> = DESK.split("[[people]]").filter(|block| !block.contains("id = \"lihua\"")).collect();
        let without = blocks.join("[[people]]").replace("\"lihua\", ", "");
        let desk = config::parse_desk(&without, "aijia.toml").map_err(|e| anyhow::anyhow!("{e:?}"))?;
        start::apply_desk(&world.app, desk, "without lihua".into()).await?;
        world.settle().await?;
        for answer in [
            signed_in.get(&page.url).await?,
            by_link.get(&url).await?,
            world.submits(&mut signed_in, &page, "/send", &[]).await?,
            world.submits(&mut signed_in, &page, "/edit", &[("part1", NEW_TEXT)]).await?,
            world.submits(&mut by_link, &linked, "/edit", &[("part1", NEW_TEXT)]).await?,
        ] {
            ensure!(answer.status == 403 && !answer.html.contains("会起球吗"), "{}: {}", answer.status, answer.html);
        }
        ensure!(undecided(&world.case(1).await?.state) && world.customer_heard(XIAOYU).is_empty());
    }
);

/// What somebody would try to slip into the page.
const HOSTILE: [&str; 4] =
    ["<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "</textarea><b>x</b>", "{{ 7 * 7 }}{% raw %}"];

story!(
    /// Hostile words of customers and reviewers are shown as words.
    hostile_text_is_escaped,
    |world| {
        world.sim.add_customer("wmEvil", "<b onclick=alert(1)>小恶</b>");
        let asked = format!("羊毛衫会起球吗？{}", HOSTILE.concat());
        world.says(FLAGSHIP, "wmEvil", &asked).await?;
        let reviewer = if world.has_open_card("LiHua") { "LiHua" } else { "WangWu" };
        let (mut browser, page) = signs_in(world, reviewer, 1).await?;
        harmless(&page)?;
        ensure!(page.html.contains(&escaped(HOSTILE[0])), "it is shown: {}", page.html);
        ensure!(page.html.contains("{{ 7 * 7 }}"), "nothing is evaluated");
        let text = HOSTILE.concat();
        let answer = world.submits(&mut browser, &page, "/edit", &[("part1", &text), ("part2", &"长".repeat(700))]).await?;
        harmless(&answer)?;
        let kept = answer.form("/edit").ok().and_then(|(_, fields)| fields.get("part1").cloned());
        ensure!(kept.as_deref() == Some(text.as_str()), "too long a part: the rest is kept as it was: {}", answer.html);
    }
);

fn harmless(page: &Page) -> anyhow::Result<()> {
    ensure!(page.status == 200, "{}: {}", page.status, page.html);
    for hostile in ["<script", "<img src=x", "</textarea><b>", "<b onclick"] {
        ensure!(!page.html.contains(hostile), "{hostile} is on the page: {}", page.html);
    }
    Ok(())
}

story!(
    /// Scenario 13: all nine inputs of HR-01 can be reached for an item of high risk.
    all_nine_inputs_are_reachable,
    |world| {
        world.customer_says(FACT).await?;
        world.taps("LiHua", Act::Send).await?;
        let png = b"\x89PNG\r\n\x1a\nnot much of a picture";
        world.sim.customer_sends_image(FLAGSHIP, XIAOYU, png.to_vec()).await?;
        world.customer_says("衣服起球了，我要退款，退款多久到账？").await?;
        let card = world.card("WangWu")?;
        ensure!(card.text().contains("/review/2"), "the card leads to the page: {}", card.text());
        let (mut browser, page) = signs_in(world, "WangWu", 2).await?;
        let draft = world.case(2).await?.draft().cloned().context("a draft")?;
        let nine = [
            ("the original message", "我要退款，退款多久到账？".to_owned()),
            ("relevant history", escaped(FACT)),
            ("matched knowledge", escaped(draft.citations.first().map_or("", |c| c.title.as_str()))),
            ("with applicability", "适用".to_owned()),
            ("the status summary", "订单与后台".to_owned()),
            ("the AI's reply", escaped(&draft.parts.concat())),
            ("the AI's action", "建议动作".to_owned()),
            ("why it was flagged", "为什么要人看".to_owned()),
            ("screenshots", "<img ".to_owned()),
            ("what is allowed", "允许".to_owned()),
            ("what is prohibited", "没有列在".to_owned()),
        ];
        for (input, text) in &nine {
            ensure!(!text.is_empty() && page.html.contains(text), "{input} ({text}) is not on the page: {}", page.html);
        }
        let reasons = world.case(2).await?.draft().map(|d| d.verdict.reasons.len()).unwrap_or_default();
        ensure!(reasons > 0 && page.html.contains("退款"));
        let picture = page.html.split("<img src=\"").nth(1).and_then(|rest| rest.split('"').next()).context("an image")?;
        let picture = picture.replace("&#x2f;", "/").replace("&amp;", "&");
        let address = format!("{}{picture}", world.address);
        ensure!(browser.get(&address).await?.status == 200, "the picture opens: {address}");
        ensure!(world.browser("")?.get(&address).await?.status == 404, "and for nobody else");
    }
);

story!(
    /// During a pause the page says so, and cannot send.
    a_pause_is_on_the_page,
    |world| {
        world.customer_says(FACT).await?;
        let (mut browser, before) = signs_in(world, "LiHua", 1).await?;
        world.member_says("WangWu", "/暂停 kf-flagship 价格写错了").await?;
        let (_, page) = signs_in(world, "LiHua", 1).await?;
        ensure!(page.html.contains("价格写错了") && !page.has_form("/send"), "{}", page.html);
        let answer = world.submits(&mut browser, &before, "/send", &[]).await?;
        ensure!(answer.html.contains("暂停") && world.customer_heard(XIAOYU).is_empty(), "{}", answer.html);
        ensure!(world.recorded(1, Kind::Refused).await?);
    }
);
