use std::time::Duration;

use crate::Operation;

/// On which side of a fault the call's effect is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The fault comes first: the call has no effect.
    Before,
    /// The call has its effect, and the answer is lost.
    After,
}

/// What happens to calls, and to which. Rules are looked at in order: delays add up, and the first other fault that
/// applies is the one that happens.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Decides what the faults leave open.
    pub(super) seed: u64,
    pub(super) rules: Vec<Rule>,
}

#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) operations: Option<Vec<Operation>>,
    pub(super) prefixes: Option<Vec<String>>,
    pub(super) when: When,
    pub(super) fault: Fault,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum When {
    Always,
    /// The n-th call that the rule's restrictions let through, from 1.
    Nth(u64),
    /// About so many of 1000 calls, chosen by seed and number of the call.
    Seeded {
        seed: u64,
        of_1000: u16,
    },
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Fault {
    Fail(Effect),
    Hang(Effect),
    Crash(Effect),
    Cut(Effect),
    Delay(Duration),
    DelayUpTo(Duration),
    Short,
    Ghost,
}

/// How many of 1000 calls meet which fault in [`Plan::seeded`].
#[derive(Debug, Clone, Copy, Default)]
pub struct Rates {
    /// Unavailable, without effect.
    pub fail_before: u16,
    /// Unavailable although the call had its effect. A listing breaks off in the middle.
    pub fail_after: u16,
    /// Listings that miss about half of their lines and do not say so.
    pub short_listing: u16,
    /// [`Plan::ghost_at`].
    pub ghost: u16,
    /// Calls that take up to `longest_delay`.
    pub delay: u16,
    /// See `delay`.
    pub longest_delay: Duration,
}

impl Plan {
    /// No fault.
    pub fn none() -> Self {
        Self::default()
    }

    /// The process dies at its n-th call (from 1): that call and all later ones never answer.
    pub fn crash_at(n: u64, effect: Effect) -> Self {
        Self::rule(When::Nth(n), Fault::Crash(effect))
    }

    /// The storage goes away at the n-th call (from 1): that call and all later ones are unavailable.
    pub fn cut_at(n: u64, effect: Effect) -> Self {
        Self::rule(When::Nth(n), Fault::Cut(effect))
    }

    /// The n-th call (from 1) is unavailable; later ones work.
    pub fn fail_at(n: u64, effect: Effect) -> Self {
        Self::rule(When::Nth(n), Fault::Fail(effect))
    }

    /// The n-th call (from 1) never answers; later ones work.
    pub fn hang_at(n: u64, effect: Effect) -> Self {
        Self::rule(When::Nth(n), Fault::Hang(effect))
    }

    /// The n-th call (from 1), if it is `put_new`, answers "exists already" without effect, and the next `get` or
    /// `head` of that key answers "not found".
    pub fn ghost_at(n: u64) -> Self {
        Self::rule(When::Nth(n), Fault::Ghost)
    }

    /// The n-th call (from 1), if it is a listing, misses about half of its lines.
    pub fn short_listing_at(n: u64) -> Self {
        Self::rule(When::Nth(n), Fault::Short)
    }

    /// Every call is unavailable, without effect.
    pub fn down() -> Self {
        Self::rule(When::Always, Fault::Fail(Effect::Before))
    }

    /// Every call takes so much longer.
    pub fn delay(time: Duration) -> Self {
        Self::rule(When::Always, Fault::Delay(time))
    }

    /// Every call that makes an object durable takes so much longer, as on a disk with a slow fsync.
    pub fn delay_writes(time: Duration) -> Self {
        let durable = Operation::ALL.into_iter().filter(|operation| operation.makes_durable());
        Self::delay(time).only(durable)
    }

    /// Faults at random, the same for the same seed and order of calls.
    pub fn seeded(seed: u64, rates: Rates) -> Self {
        let faults = [
            (rates.delay, Fault::DelayUpTo(rates.longest_delay)),
            (rates.fail_before, Fault::Fail(Effect::Before)),
            (rates.fail_after, Fault::Fail(Effect::After)),
            (rates.short_listing, Fault::Short),
            (rates.ghost, Fault::Ghost),
        ];
        let plans = (0..)
            .zip(faults)
            .filter(|(_, (of_1000, _))| *of_1000 > 0)
            .map(|(nth, (of_1000, fault))| Self::rule(When::Seeded { seed: mix(seed, nth), of_1000 }, fault));
        plans.fold(Self { seed, rules: Vec::new() }, Self::and)
    }

    /// This plan and then another.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.seed ^= other.seed;
        self.rules.extend(other.rules);
        self
    }

    /// Restricts what is planned so far to these operations. Other calls are not counted either.
    #[must_use]
    pub fn only(mut self, operations: impl IntoIterator<Item = Operation>) -> Self {
        let operations: Vec<_> = operations.into_iter().collect();
        for rule in &mut self.rules {
            rule.operations = Some(operations.clone());
        }
        self
    }

    /// Restricts what is planned so far to keys and listings that begin with one of these texts. Other calls are not
    /// counted either.
    #[must_use]
    pub fn under<T: Into<String>>(mut self, prefixes: impl IntoIterator<Item = T>) -> Self {
        let prefixes: Vec<String> = prefixes.into_iter().map(Into::into).collect();
        for rule in &mut self.rules {
            rule.prefixes = Some(prefixes.clone());
        }
        self
    }

    fn rule(when: When, fault: Fault) -> Self {
        Self { seed: 0, rules: vec![Rule { operations: None, prefixes: None, when, fault }] }
    }
}

impl Rule {
    pub(super) fn concerns(&self, operation: Operation, subject: &str) -> bool {
        let begins = |prefixes: &Vec<String>| prefixes.iter().any(|prefix| subject.starts_with(prefix.as_str()));
        self.operations.as_ref().is_none_or(|operations| operations.contains(&operation))
            && self.prefixes.as_ref().is_none_or(begins)
    }

    /// Whether the fault can happen to such a call at all.
    pub(super) fn fits(&self, operation: Operation) -> bool {
        match self.fault {
            Fault::Short => operation.lists(),
            Fault::Ghost => operation == Operation::PutNew,
            _ => true,
        }
    }

    /// Whether it happens to the n-th call that it concerns.
    pub(super) fn happens(&self, n: u64) -> bool {
        match self.when {
            When::Always => true,
            When::Nth(nth) => n == nth,
            When::Seeded { seed, of_1000 } => mix(seed, n) % 1000 < u64::from(of_1000),
        }
    }
}

/// Two numbers made one that looks random: the finaliser of SplitMix64 (Steele, Lea and Flood, 2014).
pub(super) fn mix(seed: u64, n: u64) -> u64 {
    let mut z = seed.wrapping_add(n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
