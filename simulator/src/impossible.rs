//! What the people of the simulated world cannot do.

/// A person's act that no phone would allow; the fault is in the test or in the page that asked for it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Impossible {
    /// No account with that `open_kfid`.
    #[error("no such account: {0}")]
    Account(String),
    /// No customer with that `external_userid`.
    #[error("no such customer: {0}")]
    Customer(String),
    /// No member with that id in the app's visible range.
    #[error("no such member: {0}")]
    Member(String),
    /// Not a servicer of the account.
    #[error("not a servicer: {0}")]
    Servicer(String),
    /// No session between that customer and that account.
    #[error("no session with {0}")]
    Session(String),
    /// No message with that id, or not one of the person's own.
    #[error("no such message: {0}")]
    Message(String),
    /// No card with that `task_id` on the member's phone.
    #[error("no such card: {0}")]
    Card(String),
    /// The card's buttons are grey.
    #[error("the card's buttons are grey: {0}")]
    Closed(String),
    /// The card, or the menu, has no such button.
    #[error("no such button: {0}")]
    Button(String),
    /// The card has no such question or option.
    #[error("no such option: {0}")]
    Choice(String),
    /// The app has no callback URL, so nothing can be pressed or said.
    #[error("the app has no callback url")]
    NoCallback,
    /// The ledger row is not a callback.
    #[error("ledger row {0} is not a callback")]
    NotCallback(u64),
    /// The callback URL cannot be called, or the settings make no key.
    #[error("the callback url did not verify: {0}")]
    Verification(String),
}
