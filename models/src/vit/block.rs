//! A block of the transformer.

use autodiff::Var;

use super::attention::Attention;
use super::config::VitConfig;
use crate::layers::{DropPath, LayerNorm, LayerScale, Linear};
use crate::{Init, Module, Parts};

/// Attention, then two layers on each token, both behind a layer norm and beside a shortcut
/// (Dosovitskiy et al. 2020, equations 2 and 3).
#[derive(Clone)]
pub struct Block {
    norm1: LayerNorm,
    attn: Attention,
    ls1: Option<LayerScale>,
    drop_path1: DropPath,
    norm2: LayerNorm,
    fc1: Linear,
    fc2: Linear,
    ls2: Option<LayerScale>,
    drop_path2: DropPath,
}

impl Block {
    /// A block whose branches are left out in training with probability `drop_path`.
    pub fn new(init: &mut Init, config: &VitConfig, drop_path: f64) -> Self {
        let VitConfig { dim, eps, first_values, .. } = *config;
        let device = init.device().clone();
        let norm = || LayerNorm::new(&device, dim, eps);
        let layer_scale = || config.layer_scale.map(|start| LayerScale::new(&device, dim, start));
        Block {
            norm1: norm(),
            attn: Attention::new(init, config),
            ls1: layer_scale(),
            drop_path1: DropPath::new(init, drop_path),
            norm2: norm(),
            fc1: first_values.linear(init, dim, config.hidden(), 1),
            fc2: first_values.linear(init, config.hidden(), dim, 1),
            ls2: layer_scale(),
            drop_path2: DropPath::new(init, drop_path),
        }
    }

    /// Changes how often the block's branches are left out in training.
    #[track_caller]
    pub fn set_drop_path(&mut self, rate: f64) {
        self.drop_path1.set_rate(rate);
        self.drop_path2.set_rate(rate);
    }

    // ANCHOR: vit_block
    /// `[n, t, c] → [n, t, c]`.
    #[track_caller]
    pub fn forward(&self, x: &Var) -> Var {
        let y = scaled(&self.ls1, self.attn.forward(&self.norm1.forward(x)));
        let x = x + &self.drop_path1.forward(&y);
        let y = self.fc1.forward(&self.norm2.forward(&x)).gelu();
        let y = scaled(&self.ls2, self.fc2.forward(&y));
        &x + &self.drop_path2.forward(&y)
    }
    // ANCHOR_END: vit_block

    /// How the block's attention weighs the tokens for each other, `[n, heads, t, t]`.
    #[track_caller]
    pub fn attention_map(&self, x: &Var) -> Var {
        self.attn.map(&self.norm1.forward(x))
    }
}

fn scaled(scale: &Option<LayerScale>, x: Var) -> Var {
    match scale {
        Some(scale) => scale.forward(&x),
        None => x,
    }
}

impl Module for Block {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        parts.module("norm1", &self.norm1);
        parts.module("attn", &self.attn);
        if let Some(ls1) = &self.ls1 {
            parts.module("ls1", ls1);
        }
        parts.module("drop_path1", &self.drop_path1);
        parts.module("norm2", &self.norm2);
        parts.module("mlp.fc1", &self.fc1);
        parts.module("mlp.fc2", &self.fc2);
        if let Some(ls2) = &self.ls2 {
            parts.module("ls2", ls2);
        }
        parts.module("drop_path2", &self.drop_path2);
    }
}
