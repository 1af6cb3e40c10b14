//! iBOT's settings: DINO's, and those of the patches.

use rand::RngExt;
use serde::{Deserialize, Serialize};
use tensor::{Device, Tensor};

use super::mask::{block_mask, random_mask};
use crate::train::Schedule;
use crate::{check, dino};

// ANCHOR: config
/// DINO's settings, and what iBOT adds, named as in the official code where that has it. Their
/// values, with sources, stand in `recipes/ibot/`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// DINO's, in the same table; centring and sharpening are those of both losses.
    #[serde(flatten)]
    pub dino: dino::Config,
    /// The weight of the class tokens' loss.
    pub lambda1: f64,
    /// The weight of the patches' loss.
    pub lambda2: f64,
    /// The weight of KoLeo on the class tokens of each global view; 0 for none (DINOv2).
    pub koleo: f64,
    /// Whether the student's last layer for patches is that for class tokens. The teacher's is.
    pub shared_head: bool,
    /// Of the teacher for patches, behind its warm-up, which is as long as that for class tokens.
    pub teacher_patch_temp: f64,
    /// Of the teacher for patches in the first epoch.
    pub warmup_teacher_patch_temp: f64,
    /// The chance of a view to have patches hidden.
    pub pred_p: f64,
    /// The least and greatest share of its patches that are.
    pub pred_ratio: [f64; 2],
    /// How they lie.
    pub pred_shape: PredShape,
}

/// How the hidden patches lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PredShape {
    /// In blocks.
    Block,
    /// Anywhere.
    Rand,
}
// ANCHOR_END: config

impl Config {
    /// Of the teacher's softmax for patches, by epoch.
    pub fn teacher_patch_temp(&self, at: &Schedule) -> f64 {
        self.dino.sharpened(self.warmup_teacher_patch_temp, self.teacher_patch_temp, at)
    }

    /// Which patches of a step's views are hidden, `[views, t]`: 1 where one is, else 0.
    pub fn mask(&self, views: usize, grid: [usize; 2], at: &Schedule, device: &Device) -> Tensor {
        let mut rng = at.draws(0);
        let mut hidden = Vec::new();
        for _ in 0..views {
            let [low, high] = self.pred_ratio;
            let ratio = match rng.random::<f64>() < self.pred_p {
                true => low + (high - low) * rng.random::<f64>(),
                false => 0.0,
            };
            let mask = match self.pred_shape {
                PredShape::Block => block_mask(grid, ratio, &mut rng),
                PredShape::Rand => random_mask(grid, ratio, &mut rng),
            };
            hidden.extend(mask.into_iter().map(f64::from));
        }
        Tensor::from_slice(device, [views, grid[0] * grid[1]], &hidden)
    }

    /// That of uniform distributions; a view without a mask adds nothing to the patches' loss.
    pub fn chance_loss(&self) -> f64 {
        self.dino.chance_loss() * (self.lambda1 + self.lambda2 * self.pred_p)
    }

    /// What is wrong with the settings, in one line.
    pub(crate) fn check(&self) -> Result<(), String> {
        self.dino.check()?;
        check::positive(&[
            ("teacher_patch_temp", self.teacher_patch_temp),
            ("warmup_teacher_patch_temp", self.warmup_teacher_patch_temp),
        ])?;
        check::rates(&[
            ("lambda1", self.lambda1),
            ("lambda2", self.lambda2),
            ("koleo", self.koleo),
        ])?;
        let [low, high] = self.pred_ratio;
        check::shares(&[("pred_p", self.pred_p), ("pred_ratio", low), ("pred_ratio", high)])?;
        match low <= high {
            true => Ok(()),
            false => Err(format!("pred_ratio = [{low}, {high}]; expected the smaller first")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(config: &Config, seed: u64, step: usize) -> Vec<f64> {
        let at = Schedule { step, steps_per_epoch: 10, epochs: 8, batch: 100, seed };
        config.mask(200, [8, 8], &at, &Device::reference()).to_vec()
    }

    #[test]
    fn masks_come_from_seed_and_step_alone() {
        let c = Config::default();
        let first = mask(&c, 1, 5);
        assert_eq!(mask(&c, 1, 5), first);
        assert_ne!(mask(&c, 1, 6), first);
        assert_ne!(mask(&c, 2, 5), first);
    }

    #[test]
    fn as_many_views_are_masked_as_asked_for() {
        let shape = [PredShape::Block, PredShape::Rand];
        for pred_shape in shape {
            let c = Config { pred_shape, ..Config::default() };
            let mask = mask(&c, 0, 0);
            let shares = mask.chunks(64).map(|view| view.iter().sum::<f64>() / 64.0);
            let masked: Vec<f64> = shares.filter(|&share| share > 0.0).collect();
            assert!((80..=120).contains(&masked.len()), "{pred_shape:?}: {}", masked.len());
            let mean = masked.iter().sum::<f64>() / masked.len() as f64;
            assert!(mean > 0.2 && mean < 0.35, "{pred_shape:?}: {mean}");
            assert!(masked.iter().all(|&share| share <= 0.5), "{pred_shape:?}");
        }
    }

    #[test]
    fn wrong_settings_are_named() {
        let wrong = |change: fn(&mut Config)| {
            let mut config = Config::default();
            change(&mut config);
            config.check().unwrap_err()
        };
        assert!(wrong(|c| c.dino.out_dim = 0).starts_with("out_dim = 0"));
        assert!(wrong(|c| c.pred_ratio = [0.5, 0.1]).contains("expected the smaller first"));
        assert!(wrong(|c| c.teacher_patch_temp = 0.0).starts_with("teacher_patch_temp = 0"));
    }
}
