//! An invented shop of any size: channels, reviewers, configuration, knowledge, and what its customers ask.

use std::fmt::Write as _;
use std::path::PathBuf;

use simulator::Simulator;

/// The member who pauses, resumes and watches.
pub const ADMIN: &str = "ChenJie";
/// The member whose word, after the admin's, ends a pause of everything.
pub const SUPERVISOR: &str = "WangWu";
/// Channels that one escalation owner looks after: a phone takes thirty messages a minute.
const CHANNELS_OF_AN_OWNER: usize = 4;

/// What customers ask, all of it answered by the shop's knowledge.
pub const QUESTIONS: [&str; 8] = [
    "羊毛针织衫是什么面料",
    "羊毛衫怎么洗",
    "针织衫会起球吗",
    "羽绒服怎么洗",
    "羽绒服会钻绒吗",
    "牛仔裤掉色吗",
    "真丝衬衫怎么洗",
    "连衣裙有内衬吗",
];

/// How big the shop is and how it works.
#[derive(Clone, Debug)]
pub struct Shop {
    /// Customer-service accounts.
    pub channels: usize,
    /// Reviewers of each of them, who see no other.
    pub reviewers: usize,
    /// How a channel gives cases out (`all`, `turn`); `None` leaves it at the program's default.
    pub dispatch: Option<String>,
    /// Seconds a customer has been silent before a draft is made.
    pub quiet_seconds: u32,
    /// Minutes before the next level is asked.
    pub review_minutes: u32,
}

impl Default for Shop {
    fn default() -> Self {
        Self { channels: 2, reviewers: 2, dispatch: None, quiet_seconds: 1, review_minutes: 10 }
    }
}

impl Shop {
    /// The account of a channel, counted from 0.
    pub fn account(&self, channel: usize) -> String {
        format!("wkShop{channel:03}")
    }

    /// The id of a channel, counted from 0.
    pub fn channel(&self, channel: usize) -> String {
        format!("kf-{channel:03}")
    }

    /// The members who review a channel.
    pub fn reviewers_of(&self, channel: usize) -> Vec<String> {
        (0..self.reviewers).map(|n| format!("Rev{channel:03}N{n:03}")).collect()
    }

    /// The member a channel's cases escalate to.
    pub fn owner_of(&self, channel: usize) -> String {
        format!("Owner{:03}", channel / CHANNELS_OF_AN_OWNER)
    }

    /// Every reviewer.
    pub fn all_reviewers(&self) -> Vec<String> {
        (0..self.channels).flat_map(|channel| self.reviewers_of(channel)).collect()
    }

    /// Every escalation owner.
    pub fn all_owners(&self) -> Vec<String> {
        (0..self.channels).step_by(CHANNELS_OF_AN_OWNER).map(|channel| self.owner_of(channel)).collect()
    }

    /// Everybody who gets cards.
    pub fn everybody(&self) -> Vec<String> {
        let mut members = self.all_reviewers();
        members.extend(self.all_owners());
        members
    }

    /// The configuration file.
    pub fn desk(&self) -> String {
        let (minutes, quiet) = (self.review_minutes, self.quiet_seconds);
        let mut text = format!(
            "[desk]\nlocale = \"zh-CN\"\ntimezone = \"Asia/Shanghai\"\nreview_minutes = {minutes}\ncurrency = \"CNY\"\n\
             quiet_seconds = {quiet}\nquiet_at_most_seconds = {}\n",
            quiet.max(1) * 4
        );
        person(&mut text, "wangwu", SUPERVISOR, "[\"supervisor\", \"admin\"]");
        person(&mut text, "chenjie", ADMIN, "[\"admin\"]");
        person(&mut text, "sunmei", "SunMei", "[\"knowledge_owner\"]");
        for member in self.all_reviewers() {
            person(&mut text, &member.to_lowercase(), &member, "[\"reviewer\"]");
        }
        for member in self.all_owners() {
            person(&mut text, &member.to_lowercase(), &member, "[\"supervisor\"]");
        }
        for channel in 0..self.channels {
            self.channel_table(&mut text, channel);
        }
        text.push_str("[policy]\nconfidence = 0.60\nhigh_value_cents = 50000\n");
        text
    }

    fn channel_table(&self, text: &mut String, channel: usize) {
        let permitted: Vec<String> =
            self.reviewers_of(channel).iter().map(|member| format!("\"{}\"", member.to_lowercase())).collect();
        let dispatch = self.dispatch.as_ref().map(|how| format!("dispatch = \"{how}\"\n")).unwrap_or_default();
        let _ = write!(
            text,
            "[[channels]]\nid = \"{id}\"\nkind = \"wecom_kf\"\naccount = \"{account}\"\nstore = \"store-{channel:03}\"\n\
             name = \"山茶家{channel}号店\"\nowner = \"{owner}\"\npermitted = [{permitted}]\nescalation_owner = \"{owner}\"\n\
             mode = \"draft\"\nallowed_actions = [\"reply\", \"note\", \"tag\"]\n{dispatch}\n",
            id = self.channel(channel),
            account = self.account(channel),
            permitted = permitted.join(", "),
            owner = self.owner_of(channel).to_lowercase(),
        );
    }

    /// The files of its knowledge.
    pub fn knowledge(&self) -> PathBuf {
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../bot/demo/knowledge/products.csv"))
    }

    /// Makes its accounts and people known to the platform.
    ///
    /// # Errors
    /// Never on a fresh platform.
    pub async fn move_in(&self, sim: &Simulator) -> anyhow::Result<()> {
        for (member, role) in [(SUPERVISOR, "supervisor"), (ADMIN, "admin"), ("SunMei", "knowledge_owner")] {
            sim.add_member_as(member, member, role);
        }
        for owner in self.all_owners() {
            sim.add_member_as(&owner, &owner, "supervisor");
        }
        for channel in 0..self.channels {
            let account = self.account(channel);
            sim.add_kf_account(&account, &format!("山茶家{channel}号店"));
            for member in self.reviewers_of(channel) {
                sim.add_member_as(&member, &member, "reviewer");
                sim.add_servicer(&account, &member, true).await?;
            }
        }
        Ok(())
    }
}

fn person(text: &mut String, id: &str, member: &str, roles: &str) {
    let _ = write!(text, "[[people]]\nid = \"{id}\"\nname = \"{member}\"\nwecom = \"{member}\"\nroles = {roles}\n");
}

/// The words of message `number`. The number in it is what the auditor looks for in the evidence.
pub fn words(number: u64) -> String {
    let question = QUESTIONS.get(usize::try_from(number).unwrap_or(0) % QUESTIONS.len()).copied().unwrap_or_default();
    format!("{question}？【m{number}】")
}

/// The number in the words of a message.
pub fn number_in(words: &str) -> Option<u64> {
    let (_, rest) = words.split_once("【m")?;
    rest.split_once('】')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_in_its_words() {
        assert_eq!(number_in(&words(4711)), Some(4711));
        assert_eq!(number_in("羊毛衫怎么洗？"), None);
    }

    #[test]
    fn the_shop_has_a_configuration_that_can_be_read() {
        let shop = Shop { channels: 3, reviewers: 4, ..Shop::default() };
        let read = aijia::config::parse_desk(&shop.desk(), "aijia.toml");
        assert_eq!(read.map(|desk| desk.channels.len()).map_err(|e| format!("{e:?}")), Ok(3));
    }
}
