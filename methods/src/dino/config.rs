//! DINO's settings, and what they say at a point of a run. iBOT's begin with the same.

use autodiff::Var;
use models::heads::DinoHeadConfig;
use models::vit::PositionResize;
use serde::{Deserialize, Serialize};
use tensor::Tensor;

use super::target;
use crate::augment::Recipe;
use crate::check;
use crate::losses::sinkhorn;
use crate::method::View;
use crate::train::{Clip, Named, Optimizer, Schedule, line};

// ANCHOR: config
/// The switches that the paper turns and its settings, named as in the official code. Their
/// values, with sources, stand in `recipes/dino/`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Take the centre away from the teacher's output (section 5.3).
    pub centering: bool,
    /// Give the teacher a lower temperature than the student (section 5.3).
    pub sharpening: bool,
    /// Iterations of Sinkhorn's algorithm on the teacher's outputs, which makes a batch use all
    /// outputs equally, in place of the centre; 0 for the centre (tables 7 and 15).
    pub sinkhorn_iterations: usize,
    /// Of the student, `τ_s`.
    pub student_temp: f64,
    /// Of the teacher, `τ_t`, behind its warm-up; at 0 its largest output takes all (appendix D).
    pub teacher_temp: f64,
    /// Of the teacher in the first epoch.
    pub warmup_teacher_temp: f64,
    /// Epochs from the one to the other, in equal steps.
    pub warmup_teacher_temp_epochs: usize,
    /// How much of the centre stays in a step, `m` (appendix D: 0.999 is too slow).
    pub center_momentum: f64,
    /// How much of the teacher stays in a step; it rises to 1. At 0 the teacher is the student
    /// itself throughout, which does not learn (table 7).
    pub momentum_teacher: f64,
    /// Outputs, `k`.
    pub out_dim: usize,
    /// Linear layers of the head in front of the last (appendix C).
    pub head_layers: usize,
    /// Width of its hidden ones.
    pub head_hidden: usize,
    /// Width in front of the last layer, where vectors have unit length.
    pub bottleneck: usize,
    /// Batch norm in the head; without it a ViT has none at all (appendix C).
    pub use_bn_in_head: bool,
    /// Keep the rows of the last layer at length 1.
    pub norm_last_layer: bool,
    /// Epochs in which the last layer rests.
    pub freeze_last_layer: usize,
    /// The student's chance to leave out a branch of a ViT's last block.
    pub drop_path: f64,
    // ANCHOR_END: config
    /// What a ViT adds to the size of a small view's grid before it takes the scale of its
    /// positions, so that rounding cannot lose a row; 0 for corners on corners.
    pub interpolate_offset: f64,
    /// Whether positions are interpolated with antialias, where there is no offset.
    pub interpolate_antialias: bool,
    /// The rule.
    pub optimizer: Optimizer,
    /// The learning rate for a batch of 256; scaled linearly to the batch in use.
    pub base_lr: f64,
    /// What it falls to.
    pub min_lr: f64,
    /// Epochs in which it rises from 0.
    pub warmup_epochs: usize,
    /// At the start; biases and the scales of norms are not decayed.
    pub weight_decay: f64,
    /// At the end.
    pub weight_decay_end: f64,
    /// The longest gradient of a parameter; 0 for any length.
    pub clip_grad: f64,
    /// Local views; 0 for no multi-crop (table 7).
    pub local_crops_number: usize,
    /// Their height and width, a multiple of a ViT's patch.
    pub local_crops_size: usize,
    /// How the first global view is drawn.
    pub global_view1: Recipe,
    /// How the second one is.
    pub global_view2: Recipe,
    /// How the local ones are.
    pub local_view: Recipe,
}

impl Config {
    /// What the teacher's outputs `[…, k]` are made into, held fixed.
    pub fn target(&self, t: &Var, center: &Tensor, tau_t: f64) -> Var {
        if self.sinkhorn_iterations == 0 {
            return target(t, center, tau_t);
        }
        let rows = t.detach().reshape([t.shape().rows(), t.shape().features()]);
        sinkhorn(&rows, tau_t, self.sinkhorn_iterations).reshape(t.shape().clone())
    }

    /// Of the teacher's softmax, by epoch.
    pub fn teacher_temp(&self, at: &Schedule) -> f64 {
        self.sharpened(self.warmup_teacher_temp, self.teacher_temp, at)
    }

    /// A temperature on its way, by epoch; without sharpening it is the student's.
    pub(crate) fn sharpened(&self, from: f64, to: f64, at: &Schedule) -> f64 {
        match self.sharpening {
            true => line(at.epoch(), self.warmup_teacher_temp_epochs, from, to),
            false => self.student_temp,
        }
    }

    /// The same for all parameters.
    pub fn learning_rate(&self, at: &Schedule) -> f64 {
        let base = self.base_lr * at.batch as f64 / 256.0;
        at.warmup_cosine_from(0.0, self.warmup_epochs, base, self.min_lr)
    }

    /// None on biases and the scales of norms.
    pub fn weight_decay(&self, parameter: Named, at: &Schedule) -> f64 {
        match parameter.axes {
            0 | 1 => 0.0,
            _ => at.cosine(self.weight_decay, self.weight_decay_end),
        }
    }

    /// Whether a parameter is left as it is.
    pub fn rests(&self, parameter: Named, at: &Schedule) -> bool {
        at.epoch() < self.freeze_last_layer && parameter.name.contains("last_layer")
    }

    /// How long a gradient may be.
    pub fn clip(&self) -> Clip {
        match self.clip_grad {
            0.0 => Clip::None,
            norm => Clip::EachParameter(norm),
        }
    }

    /// That of the uniform distribution, ln k.
    pub fn chance_loss(&self) -> f64 {
        (self.out_dim as f64).ln()
    }

    /// How a ViT's positions are interpolated for small views.
    pub fn position_resize(&self) -> PositionResize {
        let (antialias, scale_offset) = (self.interpolate_antialias, self.interpolate_offset);
        PositionResize { antialias, scale_offset }
    }

    /// The shape of a head.
    pub fn head(&self) -> DinoHeadConfig {
        DinoHeadConfig {
            layers: self.head_layers,
            hidden: self.head_hidden,
            bottleneck: self.bottleneck,
            use_bn: self.use_bn_in_head,
            norm_last_layer: self.norm_last_layer,
        }
    }

    /// The global views, then the local ones.
    pub fn views(&self) -> Vec<View> {
        let mut views = vec![self.global_view1.clone().into(), self.global_view2.clone().into()];
        let local = View { recipe: self.local_view.clone(), size: Some(self.local_crops_size) };
        views.extend(vec![local; self.local_crops_number]);
        views
    }

    /// What is wrong with the settings, in one line.
    pub(crate) fn check(&self) -> Result<(), String> {
        check::positive(&[("student_temp", self.student_temp)])?;
        let of_teacher = [
            ("teacher_temp", self.teacher_temp),
            ("warmup_teacher_temp", self.warmup_teacher_temp),
        ];
        // Sinkhorn's algorithm divides by them.
        match self.sinkhorn_iterations {
            0 => check::rates(&of_teacher)?,
            _ => check::positive(&of_teacher)?,
        }
        check::shares(&[
            ("center_momentum", self.center_momentum),
            ("momentum_teacher", self.momentum_teacher),
        ])?;
        check::counts(&[
            ("out_dim", self.out_dim),
            ("head_layers", self.head_layers),
            ("head_hidden", self.head_hidden),
            ("bottleneck", self.bottleneck),
            ("local_crops_size", self.local_crops_size),
        ])?;
        check::rates(&[
            ("base_lr", self.base_lr),
            ("min_lr", self.min_lr),
            ("weight_decay", self.weight_decay),
            ("weight_decay_end", self.weight_decay_end),
            ("clip_grad", self.clip_grad),
            ("interpolate_offset", self.interpolate_offset),
        ])?;
        check::optimizer(&self.optimizer)?;
        if !(0.0..1.0).contains(&self.drop_path) {
            return Err(format!("drop_path = {}; expected a chance below 1", self.drop_path));
        }
        check::views(&[
            ("global_view1", &self.global_view1),
            ("global_view2", &self.global_view2),
            ("local_view", &self.local_view),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(step: usize) -> Schedule {
        Schedule { step, steps_per_epoch: 10, epochs: 8, batch: 128, seed: 0 }
    }

    fn named(name: &str, axes: usize) -> Named<'_> {
        Named { name, axes }
    }

    #[test]
    fn schedules_are_the_official_codes() {
        let c = Config { warmup_teacher_temp_epochs: 3, teacher_temp: 0.08, ..Config::default() };
        let temps: Vec<f64> = (0..5).map(|epoch| c.teacher_temp(&at(10 * epoch + 9))).collect();
        assert!(
            temps.iter().zip([0.04, 0.06, 0.08, 0.08, 0.08]).all(|(a, b)| (a - b).abs() < 1e-12)
        );
        assert_eq!(Config { sharpening: false, ..c.clone() }.teacher_temp(&at(0)), 0.1);
        let c = Config { warmup_epochs: 2, base_lr: 0.5, min_lr: 0.25, ..c };
        let rates = [0, 19, 20, 50].map(|step| c.learning_rate(&at(step)));
        assert_eq!(rates, [0.0, 0.25, 0.25, 0.25], "0.5 for 256 is 0.25 for 128");
        assert!((c.weight_decay(named("head.mlp.0.weight", 2), &at(0)) - 0.04).abs() < 1e-12);
        assert_eq!(c.weight_decay(named("head.mlp.0.bias", 1), &at(0)), 0.0);
    }

    #[test]
    fn sinkhorn_lets_a_batch_use_all_outputs() {
        let c = Config { sinkhorn_iterations: 20, ..Config::default() };
        let device = tensor::Device::reference();
        let t = Tensor::from_slice(&device, [2, 2, 2], &[0.9, 0.1, 0.8, 0.1, 0.7, 0.1, 0.9, 0.3]);
        let q = c.target(&Var::constant(t), &Tensor::zeros(&device, [1, 2]), 0.1);
        let used: Vec<f64> = q.value().mean(&[0, 1], false).to_vec();
        assert!(used.iter().all(|share| (share - 0.5).abs() < 1e-3), "{used:?}");
        assert_eq!(q.shape().as_slice(), [2, 2, 2]);
    }

    #[test]
    fn without_a_temperature_the_largest_output_takes_all() {
        let c = Config { teacher_temp: 0.0, ..Config::default() };
        assert_eq!((c.check(), c.teacher_temp(&at(0))), (Ok(()), 0.0));
        let device = tensor::Device::reference();
        let t = Tensor::from_slice(&device, [2, 1, 3], &[0.5, 0.2, 0.1, 0.1, 0.3, 0.9]);
        let center = Tensor::from_slice(&device, [1, 3], &[0.4, 0.0, 0.0]);
        let q = c.target(&Var::constant(t), &center, 0.0);
        assert_eq!(q.value().to_vec::<f64>(), [0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
        assert_eq!(q.shape().as_slice(), [2, 1, 3]);
    }

    #[test]
    fn the_last_layer_rests_in_the_first_epoch() {
        let c = Config::default();
        let last = named("head.last_layer.weight_v", 2);
        assert_eq!([9, 10].map(|step| c.rests(last, &at(step))), [true, false]);
        assert!(!c.rests(named("head.mlp.4.weight", 2), &at(0)));
    }

    #[test]
    fn wrong_settings_are_named() {
        let wrong = |change: fn(&mut Config)| {
            let mut config = Config::default();
            change(&mut config);
            config.check().unwrap_err()
        };
        assert!(wrong(|c| c.student_temp = 0.0).starts_with("student_temp = 0; expected"));
        let sinkhorn = |c: &mut Config| (c.sinkhorn_iterations, c.teacher_temp) = (3, 0.0);
        assert!(wrong(sinkhorn).starts_with("teacher_temp = 0; expected"));
        assert!(wrong(|c| c.drop_path = 1.0).starts_with("drop_path = 1; expected"));
        assert!(wrong(|c| c.out_dim = 0).starts_with("out_dim = 0; expected"));
        assert!(wrong(|c| c.momentum_teacher = 2.0).starts_with("momentum_teacher = 2; expected"));
    }
}
