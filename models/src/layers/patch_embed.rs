//! Images to tokens.

use autodiff::Var;
use tensor::{Conv2d, Tensor};

use crate::weights::Layout;
use crate::{Module, Parameter, Parts};

/// Each square patch of an image, projected linearly: a convolution whose stride is its kernel
/// (Dosovitskiy et al. 2020, equation 1).
#[derive(Clone)]
pub struct PatchEmbed {
    weight: Parameter,
    bias: Parameter,
    patch: usize,
}

impl PatchEmbed {
    /// With first values for the weight `[patch, patch, 3, c]` and the bias `[c]`.
    pub fn new(weight: Tensor, bias: Tensor) -> Self {
        PatchEmbed::build(weight, bias, Parameter::new)
    }

    /// The same, never to be trained: MoCo-v3 found that this keeps a ViT's training stable
    /// (Chen et al. 2021, section 4.1).
    pub fn frozen(weight: Tensor, bias: Tensor) -> Self {
        PatchEmbed::build(weight, bias, Parameter::frozen)
    }

    fn build(weight: Tensor, bias: Tensor, parameter: fn(Tensor, Layout) -> Parameter) -> Self {
        let patch = weight.shape()[0];
        PatchEmbed {
            weight: parameter(weight, Layout::Conv),
            bias: parameter(bias, Layout::Plain),
            patch,
        }
    }

    /// How many patches an image `[n, h, w, 3]` has, down and across.
    ///
    /// # Panics
    /// Where the image is not made of whole patches.
    #[track_caller]
    pub fn grid(&self, x: &Var) -> [usize; 2] {
        let (shape, patch) = (x.shape(), self.patch);
        let whole = |length: &usize| length.is_multiple_of(patch);
        assert!(
            shape.rank() == 4 && shape[1..3].iter().all(whole),
            "patch_embed: {shape}: expected [n, h, w, c] with h and w multiples of {patch}"
        );
        [shape[1] / patch, shape[2] / patch]
    }

    // ANCHOR: forward
    /// `[n, h, w, 3] → [n, t, c]`, a token a patch, row after row.
    #[track_caller]
    pub fn forward(&self, x: &Var) -> Var {
        let [rows, columns] = self.grid(x);
        let y = x.conv2d(&self.weight.var(), Conv2d::new(self.patch, 0)) + self.bias.var();
        y.reshape([x.shape()[0], rows * columns, y.shape().features()])
    }
    // ANCHOR_END: forward
}

impl Module for PatchEmbed {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        parts.parameter("proj.weight", &self.weight);
        parts.parameter("proj.bias", &self.bias);
    }
}
