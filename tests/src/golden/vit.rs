//! `layer/vit_block`, `layer/patch_embed`, `model/vit…`: the vision transformer and its parts.

use anyhow::{Result, bail};
use autodiff::Var;
use models::Init;
use models::layers::PatchEmbed;
use models::vit::{Block, PositionResize, Positions, Vit, VitConfig};
use serde::Deserialize;
use tensor::Device;

use super::case::{Results, Session};
use super::layers::axis;
use super::{Compute, layout};

pub(super) fn find(name: &str) -> Option<Compute> {
    Some(match name {
        "patch_embed" => patch_embed,
        "vit" | "vit_sincos" => vit,
        "vit_block" => vit_block,
        _ => return None,
    })
}

fn vit_block(s: &Session) -> Result<Results> {
    let x = s.var("in/x")?;
    let dim = x.shape().features();
    let hidden = axis(s, "param/mlp.fc1.weight", 0)?;
    let config = VitConfig {
        dim,
        heads: s.case.config("heads")?,
        eps: s.case.config("eps")?,
        mlp_ratio: hidden as f64 / dim as f64,
        ..VitConfig::tiny()
    };
    let block = Block::new(&mut Init::new(s.device, 0), &config, 0.0);
    s.load(&block)?;
    Ok(Results::y(block.forward(&x)).out("attention", block.attention_map(&x)))
}

fn patch_embed(s: &Session) -> Result<Results> {
    let (dim, patch): (_, usize) = (axis(s, "param/proj.weight", 0)?, s.case.config("patch")?);
    let c_in = axis(s, "in/x", 1)?;
    let mut init = Init::new(s.device, 0);
    let weight = init.uniform([patch, patch, c_in, dim], 1.0);
    let layer = PatchEmbed::new(weight, init.uniform([dim], 1.0));
    s.load(&layer)?;
    Ok(Results::y(layer.forward(&layout::image(&s.var("in/x")?))))
}

/// The shape of a vision transformer in a config.
#[derive(Deserialize)]
pub(super) struct Shape {
    grid: [usize; 2],
    patch: usize,
    dim: usize,
    depth: usize,
    heads: usize,
    mlp_ratio: f64,
    eps: f64,
    pos: String,
    pos_resize: Option<Interpolation>,
}

#[derive(Deserialize)]
struct Interpolation {
    antialias: bool,
    scale_offset: f64,
}

impl Shape {
    pub(super) fn build(self, device: &Device) -> Result<Vit> {
        let positions = match &*self.pos {
            "learned" => Positions::Learned,
            "sincos2d" => Positions::SinCos,
            pos => bail!("there are no `{pos}` positions"),
        };
        let resize = self
            .pos_resize
            .map(|to| PositionResize { antialias: to.antialias, scale_offset: to.scale_offset });
        let config = VitConfig {
            image: self.grid.map(|patches| patches * self.patch),
            patch: self.patch,
            dim: self.dim,
            depth: self.depth,
            heads: self.heads,
            mlp_ratio: self.mlp_ratio,
            eps: self.eps,
            positions,
            position_resize: resize.unwrap_or_default(),
            ..VitConfig::tiny()
        };
        Ok(Vit::new(&mut Init::new(device, 0), &config))
    }
}

fn vit(s: &Session) -> Result<Results> {
    let shape: Shape = serde_json::from_value(s.case.settings().clone())?;
    let last = shape.depth - 1;
    let vit = shape.build(s.device)?;
    s.load(&vit)?;
    let x = layout::image(&s.var("in/x")?);
    let tokens = vit.tokens(&x);
    Ok(Results::default()
        .out("features", vit.pool(&tokens))
        .out("tokens", tokens)
        .out("attention", Var::constant(vit.attention_maps(&x, last))))
}
