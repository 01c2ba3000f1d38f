//! What has to be done, as stored in the outbox.

mod waiting;

use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::case::Say;
use crate::clock::Timestamp;
use crate::desk::NoticeKind;
use crate::store::Tx;
use crate::store::queue;
use crate::surface::{Address, SentFile};

/// A job of the outbox.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "job", rename_all = "snake_case")]
pub enum Job {
    /// Look for an answer.
    Draft {
        /// The case.
        case: String,
        /// The drafting it belongs to.
        generation: i64,
    },
    /// Make an announced card appear.
    PostCard {
        /// The posting.
        task_id: String,
        /// Whose phone.
        #[serde(rename = "member")]
        to: Address,
    },
    /// Turn a card into what became of it.
    SettleCard {
        /// The posting.
        task_id: String,
        /// Whose phone.
        #[serde(rename = "member")]
        to: Address,
    },
    /// Make an announced card about the knowledge appear.
    PostCare {
        /// The posting.
        task_id: String,
        /// Whose phone.
        #[serde(rename = "member")]
        to: Address,
    },
    /// Turn a card about the knowledge into what became of it.
    SettleCare {
        /// The posting.
        task_id: String,
        /// Whose phone.
        #[serde(rename = "member")]
        to: Address,
    },
    /// Turn the tapper's card into a question about the tap.
    Ask {
        /// The posting.
        task_id: String,
        /// Whose phone.
        #[serde(rename = "member")]
        to: Address,
        /// The question.
        question: Question,
    },
    /// Say a sentence.
    Say {
        /// Whose phone.
        #[serde(rename = "member")]
        to: Address,
        /// The sentence.
        say: Say,
    },
    /// Ask for somebody's next message.
    Prompt {
        /// Whose phone.
        #[serde(rename = "member")]
        to: Address,
        /// What is asked.
        say: Say,
    },
    /// Stop the spinning of a button that was pressed on Telegram.
    AnswerPress {
        /// The press.
        press: String,
        /// What whoever pressed is told at the button, where it does nothing.
        #[serde(default)]
        alert: Option<Say>,
    },
    /// Say a sentence that answers nothing: what somebody else did.
    Inform {
        /// Whose phone.
        #[serde(rename = "member")]
        to: Address,
        /// The sentence.
        say: Say,
    },
    /// Tell an owner of the corrections that wait for them.
    Corrections {
        /// Whose phone.
        #[serde(rename = "member")]
        to: Address,
        /// The owner's id.
        owner: String,
    },
    /// Fetch a file of knowledge that somebody sent in their chat with the bot.
    FetchUpload {
        /// Whose phone hears of it.
        #[serde(rename = "member")]
        to: Address,
        /// Who sent it, by id.
        person: String,
        /// The file.
        file: SentFile,
    },
    /// Read a file of knowledge that was handed in.
    ReadUpload {
        /// The page it was handed in on.
        upload: i64,
    },
    /// Put in use what a file of knowledge gave.
    PublishUpload {
        /// Whose phone hears of it.
        #[serde(rename = "member")]
        to: Address,
        /// Who wants it, by id.
        person: String,
        /// The page it was handed in on.
        upload: i64,
    },
    /// Say words that were put together when the question came.
    Text {
        /// Whose phone.
        #[serde(rename = "member")]
        to: Address,
        /// The words.
        text: String,
    },
    /// Tell the whole story of a case.
    Story {
        /// The case.
        case: String,
        /// Whose phone.
        #[serde(rename = "member")]
        to: Address,
        /// The person's id.
        person: String,
    },
    /// Give waiting cases to reviewers with room.
    Deal {
        /// What gave rise to it: the case that made room or waits.
        because: String,
    },
    /// Ask the next level when nobody decided.
    ReviewDeadline {
        /// The case.
        case: String,
        /// The time limit.
        due: Timestamp,
    },
    /// Close the case when the platform's window has closed.
    WindowDeadline {
        /// The case.
        case: String,
        /// When that is; 0 in jobs of before.
        #[serde(default)]
        due: Timestamp,
    },
    /// Claim a part and let it out.
    Send {
        /// The case.
        case: String,
        /// The conversation: its messages leave one after another.
        conversation: String,
        /// The part, from 0.
        part: usize,
        /// Whose phone it is handed to, where a colleague carries it over by hand.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<Address>,
    },
    /// Give the platform's session to a person.
    Transfer {
        /// The case.
        case: String,
        /// The conversation.
        conversation: String,
        /// The person's id.
        person: String,
    },
    /// End the platform's session.
    EndSession {
        /// The conversation.
        conversation: String,
    },
    /// Send a fixed text an admin approved.
    Notice {
        /// The case.
        case: String,
        /// The conversation.
        conversation: String,
        /// Which text.
        kind: NoticeKind,
    },
    /// Greet a customer with the code the platform gave us for it.
    Welcome {
        /// The conversation.
        conversation: String,
        /// The platform's code, good for 20 seconds.
        code: String,
        /// When it ends.
        until: Timestamp,
    },
    /// Fetch an attachment before the platform forgets it.
    FetchMedia {
        /// The conversation.
        conversation: String,
        /// The message.
        seq: i64,
        /// The platform's id.
        media_id: String,
    },
    /// Try a recipe of a back office out.
    TestRecipe {
        /// Where whoever wants it is told.
        #[serde(rename = "member")]
        to: Address,
        /// The store.
        store: String,
        /// The recipe's name.
        recipe: String,
        /// The order it is tried on.
        order: String,
    },
    /// Ask the platform for a new customer's name.
    LearnName {
        /// The conversation.
        conversation: String,
    },
    /// The facts in a draft do not count any more.
    EvidenceStale {
        /// The case.
        case: String,
        /// The draft's version.
        version: i64,
    },
    /// Draft again what was judged under an older policy.
    PolicyChanged {
        /// The case.
        case: String,
    },
    /// Draft again what rests on knowledge that is no longer in use.
    KnowledgeChanged {
        /// The case.
        case: String,
    },
    /// Put what left without a person before a reviewer.
    AskReview {
        /// The sample.
        sample: String,
    },
    /// Look at what putting an entry in use would change, and do it where that was seen before.
    Publish {
        /// Whose phone the answer is for.
        #[serde(rename = "member")]
        to: Address,
        /// The person's id.
        person: String,
        /// The entry's number or id.
        entry: String,
        /// Ids of the channels; empty means every channel.
        only: Vec<String>,
        /// The code of what was shown; none where nothing was shown yet.
        code: Option<String>,
    },
    /// Show a picture.
    Show {
        /// Whose phone.
        #[serde(rename = "member")]
        to: Address,
        /// Its SHA-256, in hex.
        picture: String,
    },
    /// Draw the pictures of the week that ends at a time, and show them.
    Draw {
        /// Whose phone.
        #[serde(rename = "member")]
        to: Address,
        /// The end of the week.
        until: Timestamp,
    },
    /// Collect what a person needs to decide about a refund.
    CollectPack {
        /// Whose phone.
        #[serde(rename = "member")]
        to: Address,
        /// The case.
        case: String,
        /// Who wishes for it, by id.
        person: String,
    },
    /// Fill in what would be done in a back office.
    PrepareAction {
        /// The action.
        action: String,
    },
    /// Hand in what was approved.
    SubmitAction {
        /// The action.
        action: String,
    },
    /// Erase everything about a customer.
    Erase {
        /// The conversation.
        conversation: String,
        /// A case of it, by which people call the customer.
        number: i64,
        /// Who wants it, by id.
        person: String,
    },
}

/// What the tapper is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Why the draft is rejected.
    Reason,
    /// What the pause covers.
    Scope,
}

impl Job {
    /// Stores the job, to be done at `due` or later.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn enqueue(&self, tx: &mut Tx, app: &App, due: Timestamp) -> anyhow::Result<()> {
        let now = app.clock.now();
        let job = queue::Job {
            id: app.ids.next(now)?,
            lane: self.lane(),
            rank: self.rank(),
            kind: self.kind(),
            case_id: self.case(),
            member: self.paced().map(ToString::to_string),
            body: serde_json::to_string(self)?,
            due_at: due,
        };
        match self {
            // Whoever types ten messages is answered once.
            Self::Draft { .. } => Ok(queue::enqueue_instead(tx, job, now).await?),
            _ => Ok(queue::enqueue(tx, job).await?),
        }
    }

    /// The same for another phone of the same person; nothing for what is about one phone.
    pub(crate) fn elsewhere(self, other: Address) -> Option<Self> {
        match self {
            Self::Say { say, .. } => Some(Self::Say { to: other, say }),
            Self::Prompt { say, .. } => Some(Self::Prompt { to: other, say }),
            Self::Inform { say, .. } => Some(Self::Inform { to: other, say }),
            Self::Text { text, .. } => Some(Self::Text { to: other, text }),
            Self::Story { case, person, .. } => Some(Self::Story { case, to: other, person }),
            Self::Corrections { owner, .. } => Some(Self::Corrections { to: other, owner }),
            _ => None,
        }
    }
}
