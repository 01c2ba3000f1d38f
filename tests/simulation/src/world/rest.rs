//! After the last step: every fault ends, nobody acts any more, and what is left must come to its own end.

use std::sync::Arc;

use super::World;
use crate::clock::HOUR;
use crate::platform::Weather;
use crate::shop;

/// Longer than the platform's window and the last deadline after it.
const LONG_ENOUGH: i64 = 52 * HOUR;
/// Far more rounds than any run needs.
const ROUNDS: usize = 20_000;

impl World {
    /// Lets everything come to rest, then looks at what is left.
    pub(super) fn come_to_rest(&mut self) {
        self.note(|| "everything comes to rest".into());
        self.faults_end();
        let over = self.now + LONG_ENOUGH;
        for round in 0.. {
            assert!(round < ROUNDS, "the desk does not come to rest: {:?}", self.store.rows);
            if self.busy() {
                continue;
            }
            match self.next_at() {
                Some(next) if next <= over => self.now = next,
                _ => break,
            }
        }
        self.now = over;
        self.oracle.at_rest(&self.store, &self.platform);
    }

    fn faults_end(&mut self) {
        for instance in &mut self.instances {
            (instance.down_until, instance.frozen_until, instance.cut_until, instance.skew) = (0, 0, 0, 0);
            instance.silent_since = None;
        }
        let slowest = self.habits.weather.slowest;
        self.habits.weather = Weather { unconnected: 0, lost: 0, mute: 0, refused: 0, undelivered: 0, slowest };
        (self.habits.commit_fails, self.habits.commit_unheard, self.habits.no_token) = (0, 0, 0);
        self.store.desk = Arc::new(shop::desk());
    }

    /// Does all there is to do now; whether there was anything.
    fn busy(&mut self) -> bool {
        let mut busy = false;
        while let Some(request) = self.platform.arriving(self.now) {
            self.arrive(request);
            busy = true;
        }
        while let Some(callback) = self.platform.callbacks.iter().position(|callback| callback.next_at <= self.now) {
            self.deliver(callback);
            busy = true;
        }
        for at in 0..self.instances.len() {
            if self.wants_beat(at) {
                self.beat(at);
            }
            busy |= self.may_claim(at) && self.claim(at, 64);
            let ready = |world: &Self| {
                let tasks = &world.instances[at].tasks;
                tasks.iter().position(|task| world.can_go_on(task))
            };
            while let Some(task) = ready(self) {
                self.step += 1;
                self.go_on(at, task);
                self.look();
                busy = true;
            }
        }
        self.look();
        busy
    }
}
