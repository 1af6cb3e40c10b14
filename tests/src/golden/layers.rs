//! `layer/…` and `model/…`: blocks, heads and whole networks.

use anyhow::{Context, Result, bail};
use autodiff::Var;
use models::heads::{DinoHead, DinoHeadConfig, Mlp};
use models::layers::{BatchNorm, Linear};
use models::resnet::{Block, BlockConfig, BlockKind, NormKind, ResNet, ResNetConfig, Stem};
use models::{Init, Module};
use serde::Deserialize;
use tensor::{Device, Tensor};

use super::case::{Results, Session};
use super::{Compute, closed_form, layout};

pub(super) fn find(name: &str) -> Option<Compute> {
    Some(match name {
        "basic_block" => |s| block(s, BlockKind::Basic),
        "bottleneck" => |s| block(s, BlockKind::Bottleneck),
        "simsiam_projector" | "simsiam_predictor" | "byol_mlp" | "moco_v3_projector"
        | "moco_v3_predictor" => mlp,
        "dino_head" | "dino_head_free" => dino_head,
        "resnet" => resnet,
        "closed_form" => closed_form::compute,
        _ => return None,
    })
}

/// An entry of a head's list of layers.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Entry {
    Linear { bias: bool },
    BatchNorm { affine: bool },
    Relu,
    Gelu,
}

/// A head of the given layers. `widths` are the input's and then every linear layer's output. A
/// bias directly in front of a batch norm without scale and shift is frozen, as in SimSiam.
pub(super) fn build_mlp(
    device: &Device,
    entries: &[Entry],
    widths: &[usize],
    frozen: impl Fn(usize) -> bool,
) -> Result<Mlp> {
    let mut init = Init::new(device, 0);
    let mut mlp = Mlp::default();
    let mut widths = widths.iter().copied();
    let mut width = widths.next().context("a head without widths")?;
    for (i, entry) in entries.iter().enumerate() {
        mlp = match entry {
            Entry::Linear { bias } => {
                let inputs = width;
                width = widths.next().context("fewer widths than linear layers")?;
                mlp.linear(match bias {
                    true if frozen(i) => Linear::with_frozen_bias(&mut init, inputs, width),
                    _ => Linear::new(&mut init, inputs, width, *bias),
                })
            }
            Entry::BatchNorm { affine: true } => mlp.batch_norm(BatchNorm::new(device, width)),
            Entry::BatchNorm { .. } => mlp.batch_norm(BatchNorm::without_affine(device, width)),
            Entry::Relu => mlp.relu(),
            Entry::Gelu => mlp.gelu(),
        };
    }
    Ok(mlp)
}

fn mlp(s: &Session) -> Result<Results> {
    let entries: Vec<Entry> = s.case.config("layers")?;
    let mut widths = vec![axis(s, "in/x", 1)?];
    for (i, entry) in entries.iter().enumerate() {
        if let Entry::Linear { .. } = entry {
            widths.push(axis(s, &format!("param/{i}.weight"), 0)?);
        }
    }
    let frozen = |i: usize| s.case.array(&format!("grad/param/{i}.bias")).is_err();
    let mlp = build_mlp(s.device, &entries, &widths, frozen)?;
    let y = run(s, &mlp, |x| mlp.forward(x))?;
    Ok(Results::y(y).buffers("", &mlp))
}

/// A head of the shape that the parameters under a prefix have. Linear layers of its MLP stand at
/// even places, with GELU between.
pub(super) fn build_dino_head(s: &Session, prefix: &str) -> Result<DinoHead> {
    let axis = |name: &str, i| axis(s, &format!("param/{prefix}{name}"), i);
    let mlp = format!("param/{prefix}mlp.");
    let frozen: Vec<String> = s.case.config("frozen").unwrap_or_default();
    let config = DinoHeadConfig {
        layers: s.case.names(&mlp).filter(|name| name.ends_with(".weight")).count(),
        hidden: axis("mlp.0.weight", 0)?,
        bottleneck: axis("last_layer.weight_v", 1)?,
        use_bn: false,
        norm_last_layer: match s.case.config("norm_last_layer") {
            Ok(normed) => normed,
            Err(_) => frozen.contains(&format!("{prefix}last_layer.weight_g")),
        },
    };
    let (inputs, out) = (axis("mlp.0.weight", 1)?, axis("last_layer.weight_v", 0)?);
    Ok(DinoHead::new(&mut Init::new(s.device, 0), inputs, out, &config))
}

fn dino_head(s: &Session) -> Result<Results> {
    let head = build_dino_head(s, "")?;
    s.load(&head)?;
    Ok(Results::y(head.forward(&s.var("in/x")?)))
}

fn block(s: &Session, kind: BlockKind) -> Result<Results> {
    let config = BlockConfig {
        kind,
        norm: NormKind::Batch,
        c_in: axis(s, "in/x", 1)?,
        width: axis(s, "param/conv1.weight", 0)?,
        stride: s.case.config("stride")?,
        zero_init: false,
    };
    let downsample = s.case.config("downsample")?;
    let block = Block::with_shortcut(&mut Init::new(s.device, 0), &config, downsample);
    let y = run(s, &block, |x| block.forward(x))?;
    Ok(Results::y(y).buffers("", &block))
}

/// The shape of a residual network in a config.
#[derive(Deserialize)]
pub(super) struct Encoder {
    block: String,
    layers: Vec<usize>,
    width: usize,
    stem: String,
}

impl Encoder {
    pub(super) fn build(self, device: &Device) -> Result<ResNet> {
        let block = match &*self.block {
            "basic" => BlockKind::Basic,
            "bottleneck" => BlockKind::Bottleneck,
            block => bail!("there is no `{block}` block"),
        };
        let stem = match &*self.stem {
            "imagenet" => Stem::ImageNet,
            "cifar" => Stem::Cifar,
            stem => bail!("there is no `{stem}` stem"),
        };
        let config = ResNetConfig {
            block,
            layers: self.layers,
            width: self.width,
            stem,
            norm: NormKind::Batch,
            zero_init_residual: false,
        };
        Ok(ResNet::new(&mut Init::new(device, 0), &config))
    }
}

fn resnet(s: &Session) -> Result<Results> {
    let encoder = Encoder {
        block: s.case.config("block")?,
        layers: s.case.config("layers")?,
        width: s.case.config("width")?,
        stem: s.case.config("stem")?,
    };
    let net = encoder.build(s.device)?;
    let features = run(s, &net, |x| net.forward(x))?;
    Ok(Results::default().out("features", features).buffers("", &net))
}

/// Loads a module from the file, sets its mode and runs it on `in/x`.
fn run(s: &Session, module: &dyn Module, forward: impl Fn(&Var) -> Var) -> Result<Var> {
    s.load(module)?;
    let mode: String = s.case.config("mode")?;
    match &*mode {
        "train" => module.train(true),
        "eval" => module.train(false),
        _ => bail!("unknown mode `{mode}`"),
    }
    Ok(layout::image_out(&forward(&layout::image(&s.var("in/x")?))))
}

pub(super) fn axis(s: &Session, name: &str, axis: usize) -> Result<usize> {
    s.case.array(name)?.shape.get(axis).copied().with_context(|| format!("{name} has few axes"))
}

/// The first value of a tensor's place in a run of several.
pub(super) fn at_step(x: &Tensor, step: usize) -> Tensor {
    x.slice(0, step, step + 1).reshape(x.shape()[1..].to_vec())
}
