//! The residual block.

use autodiff::Var;

use super::{BlockKind, ConvNorm, NormKind};
use crate::{Init, Module, Parts};

/// The shape of a residual block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockConfig {
    /// What its branch is made of.
    pub kind: BlockKind,
    /// What normalises each convolution.
    pub norm: NormKind,
    /// Channels that come in.
    pub c_in: usize,
    /// Channels of its 3×3 convolution; times the kind's expansion go out.
    pub width: usize,
    /// Of its first 3×3 convolution.
    pub stride: usize,
    /// Whether the branch's last scale starts at 0, so that the block starts as its shortcut.
    pub zero_init: bool,
}

impl BlockConfig {
    /// Channels that go out.
    pub fn c_out(&self) -> usize {
        self.width * self.kind.expansion()
    }

    /// Whether what comes out has another shape than what came in, so that the shortcut has to
    /// be a convolution.
    pub fn changes_shape(&self) -> bool {
        self.stride != 1 || self.c_in != self.c_out()
    }
}

/// A branch of convolutions and a shortcut around it: `relu(branch(x) + shortcut(x))`.
#[derive(Clone)]
pub struct Block {
    branch: Vec<ConvNorm>,
    shortcut: Option<ConvNorm>,
}

impl Block {
    /// A block whose shortcut is a 1×1 convolution where the shape changes, else the input.
    pub fn new(init: &mut Init, config: &BlockConfig) -> Self {
        let shortcut = config.changes_shape();
        Block::with_shortcut(init, config, shortcut)
    }

    // ANCHOR: new
    /// A block whose shortcut is a 1×1 convolution if `convolved`, else the input itself.
    pub fn with_shortcut(init: &mut Init, config: &BlockConfig, convolved: bool) -> Self {
        let &BlockConfig { kind, norm, c_in, width, stride, zero_init } = config;
        let c_out = config.c_out();
        // Channels in and out, kernel, stride.
        let steps: &[_] = match kind {
            BlockKind::Basic => &[([c_in, width], 3, stride), ([width, c_out], 3, 1)],
            BlockKind::Bottleneck => {
                &[([c_in, width], 1, 1), ([width, width], 3, stride), ([width, c_out], 1, 1)]
            }
        };
        let last = steps.len() - 1;
        let step = |(i, &(channels, kernel, stride))| {
            ConvNorm::new(init, norm, channels, kernel, stride, zero_init && i == last)
        };
        let branch = steps.iter().enumerate().map(step).collect();
        let shortcut =
            convolved.then(|| ConvNorm::new(init, norm, [c_in, c_out], 1, stride, false));
        Block { branch, shortcut }
    }
    // ANCHOR_END: new

    // ANCHOR: forward
    /// `[n, h, w, c_in] → [n, h', w', c_out]`. There is a relu between the branch's steps; the
    /// last one waits for the sum.
    #[track_caller]
    pub fn forward(&self, x: &Var) -> Var {
        let mut y = x.clone();
        for (i, conv) in self.branch.iter().enumerate() {
            y = conv.forward(&if i == 0 { y } else { y.relu() });
        }
        match &self.shortcut {
            Some(conv) => (y + conv.forward(x)).relu(),
            None => (y + x).relu(),
        }
    }
    // ANCHOR_END: forward
}

impl Module for Block {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        for (i, ConvNorm { conv, norm }) in self.branch.iter().enumerate() {
            parts.module(&format!("conv{}", i + 1), conv);
            parts.module(&format!("bn{}", i + 1), norm);
        }
        if let Some(ConvNorm { conv, norm }) = &self.shortcut {
            parts.module("downsample.0", conv);
            parts.module("downsample.1", norm);
        }
    }
}
