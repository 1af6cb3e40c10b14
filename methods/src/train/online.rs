//! A linear classifier that is trained beside a method and tells how good its features are.

use std::path::Path;

use autodiff::Var;
use models::layers::Linear;
use models::weights::{Weights, WeightsError};
use tensor::{Device, Tensor};

use super::finetune::zeros;
use super::{Clip, Descent, MissingGradient, Optimizer, Rates};
use crate::method::Method;

/// What stands before the classifier's names in a checkpoint, and before its optimiser's.
const NETWORK: &str = "probe.network.";
const OPTIMIZER: &str = "probe.optimizer.";
/// Of the layer norm in front, as everywhere.
const EPS: f64 = 1e-5;
/// PyTorch's for AdamW; constant, since there is no knowing which measurement is looked at.
const RATES: Rates = Rates { lr: 1e-3, weight_decay: 1e-2 };

/// A layer norm without parameters and a linear layer, as LeJEPA's minimal recipe has it, on the
/// features that are used after training. No gradient reaches the encoder, and the encoder is in
/// evaluation mode for it: the method does not notice.
pub(super) struct OnlineProbe {
    linear: Linear,
    descent: Descent,
}

impl OnlineProbe {
    pub(super) fn new(device: &Device, features: usize, classes: usize) -> Self {
        let optimizer = Optimizer::AdamW { betas: [0.9, 0.999], eps: 1e-8, exclude_1d: true };
        let linear = zeros(device, features, classes);
        OnlineProbe { linear, descent: Descent::new(optimizer, Clip::None) }
    }

    // ANCHOR: step
    /// A step on a view `[n, h, w, 3]` whose classes are `labels`, `[n]`.
    pub(super) fn step(
        &mut self,
        method: &dyn Method,
        view: &Var,
        labels: &Tensor,
    ) -> Result<(), MissingGradient> {
        method.train(false);
        let features = method.encode(view).detach();
        method.train(true);
        let gradients = self.logits(&features).cross_entropy(labels).backward();
        self.descent.step(&self.linear, &gradients, |_| Some(RATES))
    }
    // ANCHOR_END: step

    /// Features `[n, d]` to logits `[n, classes]`.
    pub(super) fn logits(&self, features: &Var) -> Var {
        self.linear.forward(&features.layer_norm_plain(EPS))
    }

    /// Adds the classifier and its optimiser to a checkpoint.
    pub(super) fn collect(&self, weights: &mut Weights) {
        weights.collect(NETWORK, &self.linear);
        self.descent.collect(OPTIMIZER, &self.linear, weights);
    }

    /// Takes them back.
    ///
    /// # Errors
    /// Where the checkpoint, which is at `path`, has none or another's.
    pub(super) fn restore(&mut self, weights: &Weights, path: &Path) -> Result<(), WeightsError> {
        let missing = |name| WeightsError::Format {
            path: path.to_owned(),
            reason: format!("`{name}` is missing or has not its parameter's shape"),
        };
        self.descent.restore(OPTIMIZER, &self.linear, weights).map_err(missing)?;
        weights.load_into(NETWORK, &self.linear, path)
    }
}
