//! What customers and colleagues do.

use super::World;
use crate::case::{Decision, Rejection, SessionOwner};
use crate::happening::{Happening, Press, Scope};
use crate::judging;
use crate::luck::Luck;
use crate::platform::{Card, Ring, Said};
use crate::shop::{self, PEOPLE};
use crate::store::Act;
use crate::worker::Task;

impl World {
    /// A customer writes, takes something back, or talks to a person; sometimes somebody rings for it.
    pub(super) fn customer_acts(&mut self) {
        let talk = self.some_talk();
        let what = self.what_happens(talk);
        self.note(|| format!("customer {talk}: {what:?}"));
        self.platform.tell(talk, what, self.now);
        let copies = self.luck.weighed(&[15, 70, 10, 5]);
        if copies > 0 {
            self.call(Ring::Doorbell(self.store.conversations[talk].channel), copies);
        }
    }

    /// Mostly somebody who waits for nothing: most customers let us answer before they write again.
    fn some_talk(&mut self) -> usize {
        let waits_for_nothing = |talk: &usize| self.store.open_case(*talk).is_none();
        let quiet: Vec<usize> = (0..self.platform.customers.len()).filter(waits_for_nothing).collect();
        if !quiet.is_empty() && self.luck.permille(600) {
            return *self.luck.pick(&quiet);
        }
        self.luck.below(self.platform.customers.len())
    }

    fn what_happens(&mut self, talk: usize) -> Said {
        let with_person = self.platform.customers[talk].session != SessionOwner::Bot;
        match self.luck.weighed(&[80, 6, if with_person { 60 } else { 0 }, 2]) {
            0 => Said::Words(shop::words(&mut self.luck)),
            1 => self.some_own_message(talk).map_or_else(|| Said::Words(shop::words(&mut self.luck)), Said::Recalled),
            2 if self.luck.permille(500) => {
                self.platform.customers[talk].session = SessionOwner::Bot;
                Said::Ended
            }
            _ => {
                self.platform.customers[talk].session = SessionOwner::Person;
                Said::Servicer(self.luck.below(PEOPLE.len() - 1))
            }
        }
    }

    fn some_own_message(&mut self, talk: usize) -> Option<usize> {
        let account = self.store.conversations[talk].channel;
        let own =
            |message: &crate::platform::Message| message.conversation == talk && matches!(message.what, Said::Words(_));
        let places = (0..self.platform.feeds[account].len()).rev().filter(|at| own(&self.platform.feeds[account][*at]));
        let places: Vec<usize> = places.take(3).collect();
        (!places.is_empty()).then(|| *self.luck.pick(&places))
    }

    /// A colleague taps a card, mostly a new one, writes a command, pauses, resumes, comes or goes.
    pub(super) fn colleague_acts(&mut self) {
        match self.luck.weighed(&[86, 4, if self.paused() { 16 } else { 1 }, 2, 4]) {
            0 => self.tap(),
            1 => {
                let scope = self.some_scope();
                self.member(Act::Pause(scope));
            }
            2 => self.resume(),
            4 => self.automation(),
            _ => {
                let on = self.luck.permille(600);
                self.member(Act::Duty(on));
            }
        }
    }

    /// Two administrators let what is routine on a channel leave by itself, or one person ends that.
    fn automation(&mut self) {
        let channel = self.luck.below(self.store.accounts.len());
        let open = self.store.open[channel].is_empty();
        self.note(|| format!("automation of channel {channel}: {open}"));
        self.store.automate(channel, open, self.now);
    }

    fn paused(&self) -> bool {
        self.store.pauses.iter().any(|pause| !pause.lifted)
    }

    fn some_scope(&mut self) -> Scope {
        match self.luck.below(3) {
            0 => Scope::Everything,
            1 => Scope::Channel(self.luck.below(self.store.accounts.len())),
            _ => Scope::Conversation(self.luck.below(self.store.conversations.len())),
        }
    }

    /// Somebody who may or may not resumes a pause in force; mostly an administrator.
    fn resume(&mut self) {
        let scopes: Vec<Scope> = self.store.pauses.iter().filter(|p| !p.lifted).map(|p| p.scope).collect();
        let scope = if scopes.is_empty() { self.some_scope() } else { *self.luck.pick(&scopes) };
        let admins = [5, 6];
        let person = if self.luck.permille(800) { *self.luck.pick(&admins) } else { self.luck.below(PEOPLE.len()) };
        self.call_of(person, Act::Resume(scope));
    }

    fn member(&mut self, act: Act) {
        let person = self.luck.below(PEOPLE.len());
        self.call_of(person, act);
    }

    fn call_of(&mut self, person: usize, act: Act) {
        self.note(|| format!("{} does {act:?}", PEOPLE[person]));
        let copies = self.luck.weighed(&[2, 80, 12, 6]);
        self.call(Ring::Member { person, act }, copies);
    }

    /// Somebody presses a button of a card on a phone, their own or a forged copy of it, once or twice; on the phone
    /// or on the page.
    fn tap(&mut self) {
        let Some(card) = self.some_card() else { return };
        let person = if self.luck.permille(900) { card.person } else { self.luck.below(PEOPLE.len()) };
        let decision = self.decision(&card);
        let code = if self.luck.permille(20) { "zzzz".into() } else { card.code.clone() };
        for _ in 0..1 + usize::from(self.luck.permille(100)) {
            self.press(person, &card, code.clone(), decision.clone());
        }
    }

    /// Mostly one that shows a draft as it stands, now and then any.
    fn some_card(&mut self) -> Option<Card> {
        let cards = &self.platform.cards;
        let stands = |card: &&Card| {
            let case = &self.store.cases[card.case];
            case.version == card.version && case.level().is_some()
        };
        let standing: Vec<&Card> = cards.iter().rev().take(40).filter(stands).collect();
        if self.luck.permille(800) {
            return (!standing.is_empty()).then(|| (*self.luck.pick(&standing)).clone());
        }
        let back = if self.luck.permille(700) { self.luck.below(4) } else { self.luck.below(cards.len()) };
        cards.len().checked_sub(1 + back).map(|at| cards[at].clone())
    }

    fn press(&mut self, person: usize, card: &Card, code: String, decision: Decision) {
        self.store.happened.push(Happening::Pressed(Press {
            at: self.now,
            person: PEOPLE[person].into(),
            case: card.case,
            version: card.version,
            code: code.clone(),
            shown: card.parts.clone(),
            decision: decision.clone(),
        }));
        let act = Act::Decide { case: card.case, version: card.version, code, decision };
        if self.luck.permille(150) {
            let at = self.luck.below(self.instances.len());
            self.next_no += 1;
            let no = self.next_no;
            return self.instances[at].tasks.push(Task::Page { person, act, no });
        }
        self.call_of(person, act);
    }

    fn decision(&mut self, card: &Card) -> Decision {
        if card.doubt && self.luck.permille(800) {
            return [Decision::Delivered, Decision::SendAgain, Decision::SendAgain, Decision::Drop][self.luck.below(4)]
                .clone();
        }
        let send = if card.parts.is_empty() { 1 } else { 60 };
        let edit = if card.parts.is_empty() { 30 } else { 10 };
        match self.luck.weighed(&[send, edit, 3, 5, 3, 5, 4, 8]) {
            0 => Decision::Send,
            1 => self.edit(card),
            2 => Decision::Rewrite(cards::Hint::Shorter),
            3 => reject(false, &mut self.luck),
            4 => reject(true, &mut self.luck),
            5 => Decision::Escalate,
            6 => Decision::TakeOver,
            _ => Decision::GiveBack,
        }
    }

    /// Words of the person's own, or the same words once more.
    fn edit(&mut self, card: &Card) -> Decision {
        let texts = match self.luck.weighed(&[70, 15, 10, 5]) {
            0 => vec![format!("改写 {} [{}]", self.next_no + 1, self.store.policy)],
            1 => (0..2).map(|n| format!("改写 {}.{n} [{}]", self.next_no + 1, self.store.policy)).collect(),
            2 => card.parts.clone(),
            _ => Vec::new(),
        };
        let verdict = judging::judge(&self.store, self.store.talk_of[card.case], &[], &texts, true);
        Decision::Edit { parts: texts, verdict }
    }
}

fn reject(no_answer_due: bool, luck: &mut Luck) -> Decision {
    let reason = *luck.pick(cards::RejectReason::ALL);
    Decision::Reject(Rejection { reason, note: None, no_answer_due })
}
