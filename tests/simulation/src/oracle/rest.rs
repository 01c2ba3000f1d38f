//! What must hold once every fault has ended and everything came to rest.

use super::{Leaving, Oracle};
use crate::case::State;
use crate::evidence;
use crate::platform::{Platform, Said};
use crate::store::{SendState, Store};

impl Oracle {
    /// Looks at everything once more.
    pub fn at_rest(&self, store: &Store, platform: &Platform) {
        self.nothing_is_lost(store, platform);
        self.every_send_has_its_entries(store);
        every_case_ended(store);
        every_chain_verifies(store);
    }

    /// Every message of every feed had its effect, and so had every callback we answered.
    fn nothing_is_lost(&self, store: &Store, platform: &Platform) {
        for (account, feed) in platform.feeds.iter().enumerate() {
            assert_eq!(store.accounts[account].cursor, feed.len(), "account {account} was not read to its end");
            for message in feed.iter().filter(|message| matches!(message.what, Said::Words(_))) {
                let times = self.talks[message.conversation].said.get(&message.at).copied();
                assert_eq!(times, Some(1), "a message of conversation {} was lost", message.conversation);
            }
        }
        let lost: Vec<&u64> = self.acknowledged.difference(&self.handled).collect();
        assert!(lost.is_empty(), "callbacks were acknowledged and had no effect: {lost:?}");
    }

    /// Every part that was let out has its fate on record, and nobody keeps a send for under way.
    fn every_send_has_its_entries(&self, store: &Store) {
        let parts = || self.talks.iter().flat_map(|talk| &talk.approvals).flat_map(|approval| &approval.parts);
        let untold = |leaving: &&Leaving| leaving.claimed.is_some() && leaving.settled.is_none();
        assert_eq!(parts().find(untold).map(|leaving| &leaving.body), None, "nobody knows what became of a send");
        assert!(
            store.sends.values().all(|send| send.state != SendState::InFlight),
            "a send is taken for under way for ever"
        );
        let claimed = parts().filter(|leaving| leaving.claimed.is_some()).count();
        assert_eq!(store.sends.len(), claimed, "the record does not tell of every send");
    }
}

fn every_case_ended(store: &Store) {
    for case in &store.cases {
        let ended = matches!(case.state, State::Closed { .. } | State::HandedOver { .. });
        assert!(ended, "{} was forgotten: {:?}", case.id, case.state);
    }
}

fn every_chain_verifies(store: &Store) {
    for (at, chain) in store.chains.iter().enumerate().filter(|(_, chain)| !chain.is_empty()) {
        let verified = evidence::verify_chain(&store.chain_name(at), chain.iter().cloned());
        let last = chain.last().map(|stored| stored.record.head());
        assert_eq!(verified.map(Some), Ok(last), "the record does not verify");
    }
}
