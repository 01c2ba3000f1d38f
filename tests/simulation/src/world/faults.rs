//! What goes wrong.

use std::sync::Arc;

use super::World;
use crate::clock::{HOUR, MINUTE, SECOND};
use crate::desk::Role;
use crate::shop::{self, PEOPLE};
use crate::worker::Instance;

impl World {
    /// A program dies or stands still, loses the database or the time; or what is configured changes.
    pub(super) fn fault(&mut self) {
        let at = self.luck.below(self.instances.len());
        match self.luck.weighed(&[30, 25, 10, 10, 10, 15, 3]) {
            0 => self.kill(at),
            1 => {
                let longest = if self.luck.permille(700) { 5 * SECOND } else { 3 * MINUTE };
                let until = self.now + self.luck.span(100, longest);
                self.instances[at].frozen_until = until;
                self.falls_silent(at);
                self.note(|| format!("instance {at} stands still"));
            }
            2 => {
                self.instances[at].cut_until = self.now + self.luck.span(SECOND, MINUTE);
                self.falls_silent(at);
                self.note(|| format!("instance {at} loses the database"));
            }
            3 => {
                self.instances[at].skew = match self.luck.below(4) {
                    0 => 0,
                    1 => self.luck.span(-HOUR, HOUR),
                    _ => self.luck.span(-5 * MINUTE, 5 * MINUTE),
                };
                self.note(|| format!("the clock of instance {at} jumps"));
            }
            4 => self.change_policy(),
            5 => self.staff(),
            _ => {
                self.note(|| "the power fails".into());
                (0..self.instances.len()).for_each(|at| self.kill(at));
            }
        }
        self.oracle.figures.faults += 1;
    }

    fn falls_silent(&mut self, at: usize) {
        let since = self.instances[at].silent_since.unwrap_or(self.now);
        self.instances[at].silent_since = Some(since);
    }

    fn kill(&mut self, at: usize) {
        self.note(|| format!("instance {at} dies"));
        self.deaths.push((self.instances[at].life, self.now));
        self.lives += 1;
        let down_until = self.now + self.luck.span(0, 30 * SECOND);
        let skew = self.instances[at].skew;
        self.instances[at] = Instance { life: self.lives, down_until, skew, ..Instance::default() };
        self.oracle.figures.kills += 1;
    }

    fn change_policy(&mut self) {
        self.policies += 1;
        let policy = format!("p{}", self.policies);
        self.note(|| format!("policy {policy} comes into force"));
        let now = self.now;
        self.store.change_policy(&policy, now);
    }

    /// Somebody is removed, no longer permitted, or demoted; or everybody is back.
    fn staff(&mut self) {
        let id = PEOPLE[self.luck.below(PEOPLE.len())];
        let how = self.luck.below(5);
        self.note(|| format!("staff: {id} {how}"));
        let desk = Arc::make_mut(&mut self.store.desk);
        match how {
            0 => desk.people.retain(|person| person.id != id),
            1 => desk.channels.iter_mut().for_each(|channel| channel.permitted.retain(|permitted| permitted != id)),
            2 => {
                let person = desk.people.iter_mut().find(|person| person.id == id);
                person.into_iter().for_each(|person| person.roles = vec![Role::Reviewer]);
            }
            _ => *desk = shop::desk(),
        }
    }
}
