//! Where a run stands, and what follows from that.

use std::f64::consts::PI;

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
}

impl Schedule {
    /// Epochs completed.
    pub fn epoch(&self) -> usize {
        self.step / self.steps_per_epoch.max(1)
    }

    /// `½ (1 + cos(π · epoch / epochs))`: from 1 towards 0, the same throughout an epoch.
    pub fn cosine_by_epoch(&self) -> f64 {
        0.5 * (1.0 + (PI * self.epoch() as f64 / self.epochs as f64).cos())
    }

    /// Steps in the whole run.
    pub fn total(&self) -> usize {
        self.epochs * self.steps_per_epoch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cosine_falls_from_one_and_holds_within_an_epoch() {
        let at = |step| Schedule { step, steps_per_epoch: 10, epochs: 4, batch: 64 };
        assert_eq!(at(0).cosine_by_epoch(), 1.0);
        assert_eq!(at(9).cosine_by_epoch(), 1.0);
        assert!((at(20).cosine_by_epoch() - 0.5).abs() < 1e-12);
        assert_eq!((at(20).epoch(), at(0).total()), (2, 40));
    }
}
