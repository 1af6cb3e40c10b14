//! The residual block.

use autodiff::Var;

use super::BlockKind;
use crate::layers::{BatchNorm, Conv2d};
use crate::{Init, Module, Parts};

/// A branch of convolutions and a shortcut around it: `relu(branch(x) + shortcut(x))`.
pub struct Block {
    branch: Vec<(Conv2d, BatchNorm)>,
    shortcut: Option<(Conv2d, BatchNorm)>,
}

impl Block {
    /// A block of a width: `c_in` channels come in, and `width` times the kind's expansion go
    /// out. The shortcut is a 1×1 convolution where the shape changes, else the input itself.
    /// With `zero_init` the branch's last scale is at first 0, so that it starts as nothing.
    pub fn new(
        init: &mut Init,
        kind: BlockKind,
        c_in: usize,
        width: usize,
        stride: usize,
        zero_init: bool,
    ) -> Self {
        let device = init.device().clone();
        let c_out = width * kind.expansion();
        let steps: &[_] = match kind {
            // Channels in and out, kernel, stride.
            BlockKind::Basic => &[(c_in, width, 3, stride), (width, c_out, 3, 1)],
            BlockKind::Bottleneck => {
                &[(c_in, width, 1, 1), (width, width, 3, stride), (width, c_out, 1, 1)]
            }
        };
        let convs = steps.iter().enumerate().map(|(i, &(c_in, c_out, kernel, stride))| {
            let is_last = i + 1 == steps.len();
            let norm = if is_last && zero_init { BatchNorm::zero_scale } else { BatchNorm::new };
            (Conv2d::new(init, c_in, c_out, kernel, stride), norm(&device, c_out))
        });
        let branch = convs.collect();
        let changes = stride != 1 || c_in != c_out;
        let shortcut = changes
            .then(|| (Conv2d::new(init, c_in, c_out, 1, stride), BatchNorm::new(&device, c_out)));
        Block { branch, shortcut }
    }

    // ANCHOR: block_forward
    /// `[n, h, w, c_in] → [n, h', w', c_out]`. There is a relu between the branch's steps, and
    /// the next one waits for the sum.
    #[track_caller]
    pub fn forward(&self, x: &Var) -> Var {
        let mut y = x.clone();
        for (i, (conv, norm)) in self.branch.iter().enumerate() {
            let input = if i == 0 { y } else { y.relu() };
            y = norm.forward(&conv.forward(&input));
        }
        match &self.shortcut {
            Some((conv, norm)) => (y + norm.forward(&conv.forward(x))).relu(),
            None => (y + x).relu(),
        }
    }
    // ANCHOR_END: block_forward
}

impl Module for Block {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        for (i, (conv, norm)) in self.branch.iter().enumerate() {
            parts.module(&format!("conv{}", i + 1), conv);
            parts.module(&format!("bn{}", i + 1), norm);
        }
        if let Some((conv, norm)) = &self.shortcut {
            parts.module("downsample.0", conv);
            parts.module("downsample.1", norm);
        }
    }
}
