//! A convolution and what normalises its output.

use autodiff::Var;
use tensor::Device;

use crate::layers::{Affine, BatchNorm, Conv2d, GroupNorm, LayerNorm};
use crate::{Init, Module, Parts};

/// What normalises a network's channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NormKind {
    /// Batch norm: every image's features depend on the rest of its batch.
    Batch,
    /// Group norm of convolutions with standardised weights: no image knows of another. BYOL
    /// learns with it too, so that batch statistics are not what keeps it from collapsing
    /// (Richemond et al. 2020).
    Group,
    /// Layer norm: every place of the feature map over its own channels.
    Layer,
    /// Nothing: of a norm only the scale and the shift are left.
    None,
}

/// Under the root of a layer norm, as in the other norms.
const LAYER_NORM_EPS: f64 = 1e-5;

/// Groups of a wide group norm.
const GROUPS: usize = 16;
/// Fewer channels than these make no group: a channel by itself loses its mean.
const CHANNELS_IN_A_GROUP: usize = 4;

/// A convolution, normalised. In files the norm is called `bn` whatever its kind, as torchvision
/// does where it is given another one.
#[derive(Clone)]
pub(super) struct ConvNorm {
    pub(super) conv: Conv2d,
    pub(super) norm: Norm,
}

#[derive(Clone)]
pub(super) enum Norm {
    Batch(BatchNorm),
    Group(GroupNorm),
    Layer(LayerNorm),
    None(Affine),
}

impl ConvNorm {
    /// A square kernel from `c_in` to `c_out` channels; `zero_scale` has the norm's scale begin
    /// at 0.
    pub(super) fn new(
        init: &mut Init,
        kind: NormKind,
        [c_in, c_out]: [usize; 2],
        kernel: usize,
        stride: usize,
        zero_scale: bool,
    ) -> Self {
        let conv = Conv2d::new(init, c_in, c_out, kernel, stride);
        let norm = Norm::new(init.device(), kind, c_out, zero_scale);
        let conv = if kind == NormKind::Group { conv.standardised() } else { conv };
        ConvNorm { conv, norm }
    }

    #[track_caller]
    pub(super) fn forward(&self, x: &Var) -> Var {
        let y = self.conv.forward(x);
        match &self.norm {
            Norm::Batch(norm) => norm.forward(&y),
            Norm::Group(norm) => norm.forward(&y),
            Norm::Layer(norm) => norm.forward(&y),
            Norm::None(affine) => affine.forward(&y),
        }
    }
}

impl Norm {
    fn new(device: &Device, kind: NormKind, c: usize, zero_scale: bool) -> Self {
        match (kind, zero_scale) {
            (NormKind::Batch, false) => Norm::Batch(BatchNorm::new(device, c)),
            (NormKind::Batch, true) => Norm::Batch(BatchNorm::zero_scale(device, c)),
            (NormKind::Group, false) => Norm::Group(GroupNorm::new(device, c, groups(c))),
            (NormKind::Group, true) => Norm::Group(GroupNorm::zero_scale(device, c, groups(c))),
            (NormKind::Layer, false) => Norm::Layer(LayerNorm::new(device, c, LAYER_NORM_EPS)),
            (NormKind::Layer, true) => {
                Norm::Layer(LayerNorm::zero_scale(device, c, LAYER_NORM_EPS))
            }
            (NormKind::None, false) => Norm::None(Affine::new(device, c)),
            (NormKind::None, true) => Norm::None(Affine::zero_scale(device, c)),
        }
    }
}

/// Sixteen groups, or as many as divide `c` channels into groups that are large enough.
fn groups(c: usize) -> usize {
    let fits = |&groups: &usize| {
        c.is_multiple_of(groups) && (groups == 1 || c / groups >= CHANNELS_IN_A_GROUP)
    };
    (1..=GROUPS).rev().find(fits).unwrap_or(1)
}

impl Module for Norm {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        match self {
            Norm::Batch(norm) => norm.visit(parts),
            Norm::Group(norm) => norm.visit(parts),
            Norm::Layer(norm) => norm.visit(parts),
            Norm::None(affine) => affine.visit(parts),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_divide_the_channels_and_are_not_too_small() {
        let found = [2048, 64, 48, 32, 16, 12, 8, 7, 4, 1].map(groups);
        assert_eq!(found, [16, 16, 12, 8, 4, 3, 2, 1, 1, 1]);
    }
}
