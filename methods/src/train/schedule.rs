//! Where a run stands, and what follows from that.
//!
//! Three pure functions, [`ramp`], [`line`] and [`cosine`], make up every schedule of the methods.
//! The official codes differ in small things that a golden case holds fast: DINO, iBOT and SwAV
//! reach the full rate in the last step of the warm-up, the others in the step after; and no
//! cosine reaches its end, since it would only in the step after the last.

use std::f64::consts::PI;

use rand_chacha::ChaCha8Rng;

use super::Run;
use crate::augment::keyed;

/// A point of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Optimiser steps taken.
    pub step: usize,
    /// Steps in an epoch.
    pub steps_per_epoch: usize,
    /// Epochs in the run.
    pub epochs: usize,
    /// Images in a batch.
    pub batch: usize,
    /// What the run's randomness comes from.
    pub seed: u64,
}

/// From 0 in equal steps to `to`, which step number `steps` reaches and all that follow keep.
pub fn ramp(step: usize, steps: usize, to: f64) -> f64 {
    if step < steps { to * step as f64 / steps as f64 } else { to }
}

/// From `from` in equal steps to `to`, which the last of `steps` reaches and all that follow keep.
pub fn line(step: usize, steps: usize, from: f64, to: f64) -> f64 {
    match steps.saturating_sub(1).max(1) {
        last if step < steps => from + (to - from) * step as f64 / last as f64,
        _ => to,
    }
}

/// Half a cosine: from `from` at step 0 to `to`, which step number `steps` would reach.
pub fn cosine(step: usize, steps: usize, from: f64, to: f64) -> f64 {
    let through = step as f64 / steps.max(1) as f64;
    to + (from - to) * 0.5 * (1.0 + (PI * through).cos())
}

impl Schedule {
    /// The beginning of a run on so many images.
    pub fn start(run: &Run, images: usize) -> Self {
        let Run { epochs, batch, seed, .. } = *run;
        Schedule { step: 0, steps_per_epoch: images / batch, epochs, batch, seed }
    }

    /// Epochs completed.
    pub fn epoch(&self) -> usize {
        self.step / self.steps_per_epoch.max(1)
    }

    /// Steps in the whole run.
    pub fn total(&self) -> usize {
        self.epochs * self.steps_per_epoch
    }

    /// From `from` towards `to` over the whole run, step by step: the weight decay (DINO).
    pub fn cosine(&self, from: f64, to: f64) -> f64 {
        cosine(self.step, self.total(), from, to)
    }

    /// The momentum of a teacher, from `base` towards 1 over the whole run (BYOL, MoCo-v3, DINO).
    /// At 0 it stays there (BYOL, Table 5a): such a teacher is the student itself, held fixed.
    pub fn momentum(&self, base: f64) -> f64 {
        if base == 0.0 { 0.0 } else { self.cosine(base, 1.0) }
    }

    /// `½ (1 + cos(π · epoch / epochs))`: from 1 towards 0, the same throughout an epoch (SimSiam).
    pub fn cosine_by_epoch(&self) -> f64 {
        cosine(self.epoch(), self.epochs, 1.0, 0.0)
    }

    /// From 0 to `base` in `warmup` epochs, then towards `end`: the learning rate of SimCLR, BYOL,
    /// MoCo-v3, Barlow Twins and VICReg.
    pub fn warmup_cosine(&self, warmup: usize, base: f64, end: f64) -> f64 {
        let warmup = warmup * self.steps_per_epoch;
        match self.step.checked_sub(warmup) {
            None => ramp(self.step, warmup, base),
            Some(step) => cosine(step, self.total().saturating_sub(warmup), base, end),
        }
    }

    /// From `start` to `base`, reached by the last step of `warmup` epochs, then towards `end`: the
    /// learning rate of SwAV, DINO and iBOT.
    pub fn warmup_cosine_from(&self, start: f64, warmup: usize, base: f64, end: f64) -> f64 {
        let warmup = warmup * self.steps_per_epoch;
        match self.step.checked_sub(warmup) {
            None => line(self.step, warmup, start, base),
            Some(step) => cosine(step, self.total().saturating_sub(warmup), base, end),
        }
    }

    /// Random numbers of this step for a purpose of the method's own: they depend on the run's
    /// seed, the step and the purpose's number, and no image's views draw them.
    pub fn draws(&self, purpose: usize) -> ChaCha8Rng {
        keyed([self.seed, self.step as u64, u64::MAX, purpose as u64])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(step: usize) -> Schedule {
        Schedule { step, steps_per_epoch: 10, epochs: 4, batch: 64, seed: 0 }
    }

    #[test]
    fn cosine_falls_from_one_and_holds_within_an_epoch() {
        assert_eq!(at(0).cosine_by_epoch(), 1.0);
        assert_eq!(at(9).cosine_by_epoch(), 1.0);
        assert!((at(20).cosine_by_epoch() - 0.5).abs() < 1e-12);
        assert_eq!((at(20).epoch(), at(0).total()), (2, 40));
    }

    #[test]
    fn a_teachers_momentum_rises_unless_there_is_none() {
        assert_eq!([0, 20, 39].map(|step| at(step).momentum(0.0)), [0.0; 3]);
        assert_eq!([0, 20, 39].map(|step| at(step).momentum(1.0)), [1.0; 3]);
        assert!((at(20).momentum(0.9) - 0.95).abs() < 1e-12);
    }

    #[test]
    fn warm_ups_begin_and_end_where_they_should() {
        let open = |step| at(step).warmup_cosine(1, 2.0, 0.5);
        assert_eq!((open(0), open(5), open(10)), (0.0, 1.0, 2.0));
        assert!((open(25) - 1.25).abs() < 1e-12 && open(39) > 0.5);
        let closed = |step| at(step).warmup_cosine_from(0.5, 1, 2.0, 0.5);
        assert_eq!((closed(0), closed(9), closed(10)), (0.5, 2.0, 2.0));
        // Without a warm-up, with one of one step, and one as long as the run.
        assert_eq!(
            (at(0).warmup_cosine(0, 2.0, 0.0), ramp(0, 0, 2.0), line(0, 0, 1.0, 2.0)),
            (2.0, 2.0, 2.0)
        );
        assert_eq!((line(0, 1, 1.0, 2.0), line(1, 1, 1.0, 2.0)), (1.0, 2.0));
        assert!(at(39).warmup_cosine(9, 2.0, 0.0).is_finite());
    }

    #[test]
    fn draws_differ_by_seed_step_and_purpose() {
        use rand::Rng;
        let first = |step, purpose| at(step).draws(purpose).next_u64();
        assert_eq!(first(3, 0), first(3, 0));
        assert_ne!(first(3, 0), first(4, 0));
        assert_ne!(first(3, 0), first(3, 1));
        // The same on every machine, a browser's of 32 bits included.
        assert_eq!(first(3, 0), 795_609_414_199_863_482);
    }
}
