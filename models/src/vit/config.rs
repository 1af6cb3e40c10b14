//! The shapes of vision transformers, by name.

use std::str::FromStr;

use tensor::Tensor;
use thiserror::Error;

use super::PositionResize;
use crate::Init;
use crate::layers::{Linear, PatchEmbed};

/// The shape of a vision transformer and how it starts.
///
/// ```
/// use models::vit::VitConfig;
///
/// let shallow: VitConfig = "vit-tiny-p4-d6".parse()?;
/// let shallow = shallow.for_images([32, 32])?;
/// assert_eq!((shallow.dim, shallow.depth, shallow.grid()), (192, 6, [8, 8]));
/// # Ok::<(), models::vit::WrongVit>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct VitConfig {
    /// Height and width of the images that the positions are made for; for others they are
    /// interpolated.
    pub image: [usize; 2],
    /// Side of a patch.
    pub patch: usize,
    /// Width of a token, and the number of features that come out.
    pub dim: usize,
    /// Blocks.
    pub depth: usize,
    /// Heads of each attention.
    pub heads: usize,
    /// Width of a block's hidden layer, in widths of a token.
    pub mlp_ratio: f64,
    /// What the layer norms add to a variance.
    pub eps: f64,
    /// How a token knows its place.
    pub positions: Positions,
    /// How positions are interpolated.
    pub position_resize: PositionResize,
    /// What the features are.
    pub pooling: Pooling,
    /// The last block's chance to be left out in training; those before have less, from 0 on.
    pub drop_path: f64,
    /// What the scales of residual branches start from; `None` for no such scales.
    pub layer_scale: Option<f64>,
    /// Whether the patch projection keeps its first values (MoCo-v3).
    pub frozen_patch_embed: bool,
    /// What the first values are.
    pub first_values: FirstValues,
}

/// How a token knows its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Positions {
    /// By vectors that are learned.
    Learned,
    /// By sines and cosines of its row and column, which are not (MoCo-v3); see
    /// [`sincos2d`](super::sincos2d).
    SinCos,
}

/// What the features of an image are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooling {
    /// The token that stands for no patch, behind the last layer norm.
    ClassToken,
    /// The mean of all tokens behind the last layer norm; there is no class token.
    Mean,
}

/// Where the first values come from. Biases are 0 and scales 1 except where said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstValues {
    /// DINO's: matrices, positions and class token normal with deviation 0.02; the patch
    /// projection as PyTorch's convolution, uniform in `±1/√fan_in`, its bias too. (The official
    /// code also cuts the normal off at ±2, a hundred deviations away.)
    Normal,
    /// MoCo-v3's: matrices uniform after Glorot & Bengio (2010), with query, key and value as a
    /// matrix each; the patch projection so too; the class token normal with deviation 1e-6.
    Xavier,
}

/// A name or a shape that no vision transformer has.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("encoder `{name}`: {reason}")]
pub struct WrongVit {
    /// The name as given.
    pub name: String,
    /// What is wrong with it.
    pub reason: String,
}

impl VitConfig {
    /// ViT-Tiny/16 for images of 224 × 224 (Touvron et al. 2020): 5.5 million parameters.
    pub fn tiny() -> Self {
        VitConfig {
            image: [224; 2],
            patch: 16,
            dim: 192,
            depth: 12,
            heads: 3,
            mlp_ratio: 4.0,
            eps: 1e-6,
            positions: Positions::Learned,
            position_resize: PositionResize::default(),
            pooling: Pooling::ClassToken,
            drop_path: 0.0,
            layer_scale: None,
            frozen_patch_embed: false,
            first_values: FirstValues::Normal,
        }
    }

    /// ViT-Small/16: 21.7 million parameters. MoCo-v3's has 12 heads.
    pub fn small() -> Self {
        VitConfig { dim: 384, heads: 6, ..VitConfig::tiny() }
    }

    /// ViT-Base/16 (Dosovitskiy et al. 2020, table 1): 85.8 million parameters.
    pub fn base() -> Self {
        VitConfig { dim: 768, heads: 12, ..VitConfig::tiny() }
    }

    /// As MoCo-v3 starts and holds it (Chen et al. 2021, section 4; their `vits.py`): fixed
    /// positions, a patch projection that is not trained, and its first values.
    pub fn moco_v3(self) -> Self {
        VitConfig {
            positions: Positions::SinCos,
            frozen_patch_embed: true,
            first_values: FirstValues::Xavier,
            ..self
        }
    }

    /// Patches of an image, down and across.
    pub fn grid(&self) -> [usize; 2] {
        self.image.map(|length| length / self.patch)
    }

    /// Tokens in front of the patches.
    pub fn prefix(&self) -> usize {
        match self.pooling {
            Pooling::ClassToken => 1,
            Pooling::Mean => 0,
        }
    }

    /// Width of a block's hidden layer.
    pub fn hidden(&self) -> usize {
        (self.dim as f64 * self.mlp_ratio) as usize
    }

    /// How often a block's branches are left out: from 0 for the first to `drop_path` for the last.
    pub(super) fn drop_path_of(&self, block: usize) -> f64 {
        self.drop_path * block as f64 / (self.depth.max(2) - 1) as f64
    }

    /// With positions for images of another size.
    ///
    /// # Errors
    /// Where such an image is not made of whole patches.
    pub fn for_images(self, image: [usize; 2]) -> Result<Self, WrongVit> {
        let config = VitConfig { image, ..self };
        match config.check() {
            Ok(()) => Ok(config),
            Err(reason) => Err(WrongVit { name: "vit".to_owned(), reason }),
        }
    }

    /// What keeps a network from having this shape.
    pub(super) fn check(&self) -> Result<(), String> {
        let VitConfig { image: [height, width], patch, dim, heads, .. } = *self;
        let whole = |length: usize| length > 0 && length.is_multiple_of(patch);
        if patch == 0 || !whole(height) || !whole(width) {
            return Err(format!("{height} × {width} pixels are no whole patches of {patch}"));
        }
        if heads == 0 || dim == 0 || !dim.is_multiple_of(heads) {
            return Err(format!("{dim} features cannot be shared by {heads} heads"));
        }
        if self.positions == Positions::SinCos && !dim.is_multiple_of(4) {
            return Err(format!("sin-cos positions need a multiple of 4 features, not {dim}"));
        }
        Ok(())
    }
}

impl FromStr for VitConfig {
    type Err = WrongVit;

    /// A network, then what it has otherwise: `p4` for patches of 4 × 4, `w96` for a width of 96,
    /// `d6` for 6 blocks, `h12` for 12 heads, as in `vit-tiny-p4-d6`; `moco` for
    /// [`moco_v3`](VitConfig::moco_v3).
    fn from_str(name: &str) -> Result<Self, WrongVit> {
        parse(name).map_err(|reason| WrongVit { name: name.to_owned(), reason })
    }
}

fn parse(name: &str) -> Result<VitConfig, String> {
    let expected = || {
        "expected vit-tiny, vit-small or vit-base, then perhaps a patch, a width, a depth and a \
         number of heads, as in vit-tiny-p4-w96-d6-h3, and -moco to begin as in MoCo-v3"
            .to_owned()
    };
    let mut words = name.split('-');
    let mut config = match (words.next(), words.next()) {
        (Some("vit"), Some("tiny")) => VitConfig::tiny(),
        (Some("vit"), Some("small")) => VitConfig::small(),
        (Some("vit"), Some("base")) => VitConfig::base(),
        _ => return Err(expected()),
    };
    for word in words {
        if word == "moco" {
            config = config.moco_v3();
            continue;
        }
        let number = word.get(1..).and_then(|number| number.parse().ok());
        let number: usize = number.filter(|n| (1..=4096).contains(n)).ok_or_else(expected)?;
        match word.as_bytes()[0] {
            // The image grows with its patches until a run says how large it is.
            b'p' => (config.patch, config.image) = (number, [14 * number; 2]),
            b'w' => config.dim = number,
            b'd' => config.depth = number,
            b'h' => config.heads = number,
            _ => return Err(expected()),
        }
    }
    config.check().map(|()| config)
}

impl FirstValues {
    /// A linear layer of `maps` equal parts side by side, which are drawn as a matrix each.
    pub(super) fn linear(
        self,
        init: &mut Init,
        inputs: usize,
        outputs: usize,
        maps: usize,
    ) -> Linear {
        let shape = [inputs, outputs];
        let weight = match self {
            FirstValues::Normal => init.normal(shape, 0.02),
            FirstValues::Xavier => init.uniform(shape, xavier(inputs, outputs / maps)),
        };
        let bias = Tensor::zeros(init.device(), [outputs]);
        Linear::of(weight, Some(bias))
    }

    pub(super) fn class_token(self, init: &mut Init, dim: usize) -> Tensor {
        let std = match self {
            FirstValues::Normal => 0.02,
            FirstValues::Xavier => 1e-6,
        };
        init.normal([1, 1, dim], std)
    }

    pub(super) fn patch_embed(self, init: &mut Init, config: &VitConfig) -> PatchEmbed {
        let (patch, dim) = (config.patch, config.dim);
        let fan_in = 3 * patch * patch;
        let torch = 1.0 / (fan_in as f64).sqrt();
        let (bound, bias) = match self {
            FirstValues::Normal => (torch, torch),
            FirstValues::Xavier => (xavier(fan_in, dim), 0.0),
        };
        let weight = init.uniform([patch, patch, 3, dim], bound);
        let bias = init.uniform([dim], bias);
        let build = if config.frozen_patch_embed { PatchEmbed::frozen } else { PatchEmbed::new };
        build(weight, bias)
    }
}

/// The bound of a uniform distribution whose variance is two over all connections.
fn xavier(fan_in: usize, fan_out: usize) -> f64 {
    (6.0 / (fan_in + fan_out) as f64).sqrt()
}
