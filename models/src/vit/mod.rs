//! The vision transformer (Dosovitskiy et al. 2020) with timm's names.

mod attention;
mod block;
mod config;
mod positions;
mod recognise;
#[cfg(test)]
mod tests;

use autodiff::Var;
use tensor::{Shape, Tensor};

pub use self::attention::Attention;
pub use self::block::Block;
pub use self::config::{FirstValues, Pooling, Positions, VitConfig, WrongVit};
pub use self::positions::{PositionResize, sincos2d};
use crate::layers::{LayerNorm, PatchEmbed};
use crate::weights::Layout;
use crate::{Init, Module, Parameter, Parts};

/// A vision transformer without its classifier: images `[n, h, w, 3]` to features `[n, c]`.
#[derive(Clone)]
pub struct Vit {
    cls_token: Option<Parameter>,
    pos_embed: Parameter,
    patch_embed: PatchEmbed,
    blocks: Vec<Block>,
    norm: LayerNorm,
    config: VitConfig,
}

impl Vit {
    /// A network with first values from `init`.
    ///
    /// # Panics
    /// Where the image is not made of whole patches, or the features cannot be shared by the
    /// heads or, with sin-cos positions, by four.
    #[track_caller]
    pub fn new(init: &mut Init, config: &VitConfig) -> Self {
        config.check().unwrap_or_else(|reason| panic!("vit: {reason}"));
        let (dim, grid, prefix) = (config.dim, config.grid(), config.prefix());
        let patch_embed = config.first_values.patch_embed(init, config);
        let cls_token = (prefix > 0)
            .then(|| Parameter::new(config.first_values.class_token(init, dim), Layout::Plain));
        let pos_embed = match config.positions {
            Positions::Learned => {
                let places = [1, prefix + grid[0] * grid[1], dim];
                Parameter::new(init.normal(places, 0.02), Layout::Plain)
            }
            Positions::SinCos => {
                Parameter::frozen(sincos2d(init.device(), grid, dim, prefix), Layout::Plain)
            }
        };
        let blocks = (0..config.depth).map(|i| Block::new(init, config, config.drop_path_of(i)));
        let blocks = blocks.collect();
        let norm = LayerNorm::new(init.device(), dim, config.eps);
        Vit { cls_token, pos_embed, patch_embed, blocks, norm, config: config.clone() }
    }

    /// The same network with another [`VitConfig::drop_path`].
    ///
    /// # Panics
    /// Where it is not from 0 up to, but not including, 1.
    #[track_caller]
    pub fn with_drop_path(mut self, drop_path: f64) -> Self {
        self.config.drop_path = drop_path;
        for (i, block) in self.blocks.iter_mut().enumerate() {
            block.set_drop_path(self.config.drop_path_of(i));
        }
        self
    }

    /// The same network with another [`VitConfig::position_resize`].
    pub fn with_position_resize(mut self, position_resize: PositionResize) -> Self {
        self.config.position_resize = position_resize;
        self
    }

    /// The shape that the network has.
    pub fn config(&self) -> &VitConfig {
        &self.config
    }

    /// Whether the patch projection is trained from now on, whatever the config said.
    pub fn train_patch_embed(&self, is_trained: bool) {
        let kind = if is_trained { Var::leaf } else { Var::constant };
        for (_, parameter) in self.patch_embed.parameters() {
            parameter.replace(kind(parameter.var().value().clone()));
        }
    }

    /// The number of features that come out.
    pub fn features(&self) -> usize {
        self.config.dim
    }

    // ANCHOR: vit_forward
    /// `[n, h, w, 3] → [n, c]`: the class token, or the mean of all tokens.
    #[track_caller]
    pub fn forward(&self, x: &Var) -> Var {
        self.pool(&self.tokens(x))
    }

    /// `[n, h, w, 3] → [n, t, c]`: all tokens behind the last layer norm; the class token, where
    /// there is one, in front of the patches.
    #[track_caller]
    pub fn tokens(&self, x: &Var) -> Var {
        self.encode(&self.patch_embed.forward(x), self.grid(x))
    }

    /// `[n, h, w, 3] → [n, h', w', c]`: the patches' tokens behind the last layer norm, each in its
    /// place; the class token is left out.
    #[track_caller]
    pub fn feature_map(&self, x: &Var) -> Var {
        let ([rows, columns], tokens) = (self.grid(x), self.tokens(x));
        let (n, t, c) = (x.shape()[0], tokens.shape()[1], tokens.shape().features());
        tokens.slice(1, self.config.prefix(), t).reshape([n, rows, columns, c])
    }

    /// From patches to tokens, `[n, h·w, c] → [n, t, c]`: what comes behind the projection of
    /// the patches, for methods that change some of them first.
    #[track_caller]
    pub fn encode(&self, patches: &Var, grid: [usize; 2]) -> Var {
        let mut x = self.place(patches, grid);
        for block in &self.blocks {
            x = block.forward(&x);
        }
        self.norm.forward(&x)
    }
    // ANCHOR_END: vit_forward

    /// `[n, h, w, 3] → [n, h·w, c]`: the projected patches, without positions.
    #[track_caller]
    pub fn patches(&self, x: &Var) -> Var {
        self.patch_embed.forward(x)
    }

    /// How many patches an image has, down and across.
    ///
    /// # Panics
    /// Where the image is not made of whole patches.
    #[track_caller]
    pub fn grid(&self, x: &Var) -> [usize; 2] {
        self.patch_embed.grid(x)
    }

    /// Tokens `[n, t, c]` to features `[n, c]`.
    #[track_caller]
    pub fn pool(&self, tokens: &Var) -> Var {
        match self.config.pooling {
            Pooling::ClassToken => {
                let (n, c) = (tokens.shape()[0], tokens.shape().features());
                tokens.slice(1, 0, 1).reshape([n, c])
            }
            Pooling::Mean => tokens.mean(&[1], false),
        }
    }

    /// How the attention of a block weighs the tokens for each other, `[n, heads, t, t]`: row `i`
    /// is what token `i` looks at, and sums to 1.
    ///
    /// # Panics
    /// Where there is no such block.
    #[track_caller]
    pub fn attention_maps(&self, x: &Var, block: usize) -> Tensor {
        let depth = self.blocks.len();
        assert!(block < depth, "attention_maps: block {block} of a network of {depth}");
        let mut tokens = self.place(&self.patch_embed.forward(x), self.grid(x));
        for block in &self.blocks[..block] {
            tokens = block.forward(&tokens);
        }
        self.blocks[block].attention_map(&tokens).value().clone()
    }

    /// How much each head of a block looks at each patch, `[n, heads, h·w]`: the class token's
    /// row of [`attention_maps`](Vit::attention_maps) or, where there is none, the mean of all rows.
    ///
    /// # Panics
    /// Where there is no such block.
    #[track_caller]
    pub fn attention_to_patches(&self, x: &Var, block: usize) -> Tensor {
        let maps = self.attention_maps(x, block);
        let (n, heads, tokens) = (maps.shape()[0], maps.shape()[1], maps.shape()[2]);
        let rows = match self.config.pooling {
            Pooling::ClassToken => maps.slice(2, 0, 1),
            Pooling::Mean => maps.mean(&[2], true),
        };
        let prefix = self.config.prefix();
        rows.slice(3, prefix, tokens).reshape([n, heads, tokens - prefix])
    }

    // ANCHOR: place
    /// The class token in front of the patches, and each token's position added to it.
    #[track_caller]
    fn place(&self, patches: &Var, grid: [usize; 2]) -> Var {
        let VitConfig { position_resize, dim, .. } = self.config;
        let (own, prefix) = (self.config.grid(), self.config.prefix());
        let positions = match self.pos_embed.var() {
            positions if own == grid => positions,
            positions => position_resize.apply(&positions, prefix, own, grid),
        };
        match &self.cls_token {
            Some(token) => {
                let token = token.var().broadcast_to(&Shape::from([patches.shape()[0], 1, dim]));
                Var::concat(&[&token, patches], 1) + positions
            }
            None => patches + &positions,
        }
    }
    // ANCHOR_END: place
}

impl Module for Vit {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        if let Some(token) = &self.cls_token {
            parts.parameter("cls_token", token);
        }
        parts.parameter("pos_embed", &self.pos_embed);
        parts.module("patch_embed", &self.patch_embed);
        for (i, block) in self.blocks.iter().enumerate() {
            parts.module(&format!("blocks.{i}"), block);
        }
        parts.module("norm", &self.norm);
    }
}
