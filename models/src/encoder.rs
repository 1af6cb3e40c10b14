//! The networks that methods train, whatever their kind.

use std::str::FromStr;

use autodiff::Var;
use thiserror::Error;

use crate::resnet::{ResNet, ResNetConfig, UnknownEncoder};
use crate::vit::{PositionResize, Vit, VitConfig, WrongVit};
use crate::weights::Weights;
use crate::{Init, Module, Parts};

/// A network from images `[n, h, w, 3]` to features `[n, c]`.
#[derive(Clone)]
pub enum Encoder {
    /// A residual network.
    ResNet(ResNet),
    /// A vision transformer.
    Vit(Vit),
}

/// The shape of an [`Encoder`], by its name.
///
/// ```
/// use models::{EncoderConfig, Init};
/// use tensor::Device;
///
/// let config: EncoderConfig = "vit-tiny-p4-d2".parse()?;
/// let encoder = config.for_images([32, 32])?.build(&mut Init::new(&Device::cpu(), 0));
/// assert_eq!(encoder.features(), 192);
/// # Ok::<(), models::EncoderError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum EncoderConfig {
    /// Of a residual network.
    ResNet(ResNetConfig),
    /// Of a vision transformer.
    Vit(VitConfig),
}

/// A name or a shape that no encoder has.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EncoderError {
    /// Neither a residual network's nor a vision transformer's name.
    #[error("{0}; or vit-tiny, vit-small or vit-base, then perhaps a patch, as in vit-tiny-p4")]
    Unknown(UnknownEncoder),
    /// Meant for a vision transformer.
    #[error(transparent)]
    Vit(#[from] WrongVit),
}

impl Encoder {
    /// The number of features that come out.
    pub fn features(&self) -> usize {
        match self {
            Encoder::ResNet(net) => net.features(),
            Encoder::Vit(vit) => vit.features(),
        }
    }

    /// The same network with other chances to leave out a transformer's branches in training; a
    /// residual network has none.
    ///
    /// # Panics
    /// As [`Vit::with_drop_path`].
    #[track_caller]
    pub fn with_drop_path(self, drop_path: f64) -> Self {
        match self {
            Encoder::ResNet(net) => Encoder::ResNet(net),
            Encoder::Vit(vit) => Encoder::Vit(vit.with_drop_path(drop_path)),
        }
    }

    /// The same network with another way to interpolate a transformer's positions; a residual
    /// network has none.
    pub fn with_position_resize(self, resize: PositionResize) -> Self {
        match self {
            Encoder::ResNet(net) => Encoder::ResNet(net),
            Encoder::Vit(vit) => Encoder::Vit(vit.with_position_resize(resize)),
        }
    }

    /// Whether a vision transformer's patch projection is trained; see
    /// [`Vit::train_patch_embed`]. Other networks have none.
    pub fn train_patch_embed(&self, is_trained: bool) {
        if let Encoder::Vit(vit) = self {
            vit.train_patch_embed(is_trained);
        }
    }

    /// `[n, h, w, 3] → [n, c]`.
    #[track_caller]
    pub fn forward(&self, x: &Var) -> Var {
        match self {
            Encoder::ResNet(net) => net.forward(x),
            Encoder::Vit(vit) => vit.forward(x),
        }
    }

    /// `[n, h, w, 3] → [n, h', w', c]`: features place by place, before they become one vector: a
    /// residual network's last stage, or a transformer's patches.
    #[track_caller]
    pub fn feature_map(&self, x: &Var) -> Var {
        match self {
            Encoder::ResNet(net) => net.feature_map(x),
            Encoder::Vit(vit) => vit.feature_map(x),
        }
    }
}

impl Module for Encoder {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        match self {
            Encoder::ResNet(net) => net.visit(parts),
            Encoder::Vit(vit) => vit.visit(parts),
        }
    }
}

impl From<ResNet> for Encoder {
    fn from(net: ResNet) -> Self {
        Encoder::ResNet(net)
    }
}

impl From<Vit> for Encoder {
    fn from(vit: Vit) -> Self {
        Encoder::Vit(vit)
    }
}

impl EncoderConfig {
    /// For images of a height and width, which a vision transformer has to know; others take any.
    ///
    /// # Errors
    /// Where a vision transformer cannot cut such images into whole patches.
    pub fn for_images(self, image: [usize; 2]) -> Result<Self, EncoderError> {
        Ok(match self {
            EncoderConfig::ResNet(config) => EncoderConfig::ResNet(config),
            EncoderConfig::Vit(config) => EncoderConfig::Vit(config.for_images(image)?),
        })
    }

    /// With what a name does not tell and the arrays of a weight file do; see
    /// [`VitConfig::fitting`].
    pub fn fitting(self, weights: &Weights) -> Self {
        match self {
            EncoderConfig::ResNet(config) => EncoderConfig::ResNet(config),
            EncoderConfig::Vit(config) => EncoderConfig::Vit(config.fitting(weights)),
        }
    }

    /// The number of features that come out.
    pub fn features(&self) -> usize {
        match self {
            EncoderConfig::ResNet(config) => config.features(),
            EncoderConfig::Vit(config) => config.dim,
        }
    }

    /// A network of this shape with first values from `init`.
    pub fn build(&self, init: &mut Init) -> Encoder {
        match self {
            EncoderConfig::ResNet(config) => ResNet::new(init, config).into(),
            EncoderConfig::Vit(config) => Vit::new(init, config).into(),
        }
    }
}

impl FromStr for EncoderConfig {
    type Err = EncoderError;

    /// A name of [`ResNetConfig`], or one of [`VitConfig`], which begins with `vit`.
    fn from_str(name: &str) -> Result<Self, EncoderError> {
        match name.starts_with("vit") {
            true => Ok(EncoderConfig::Vit(name.parse()?)),
            false => name.parse().map(EncoderConfig::ResNet).map_err(EncoderError::Unknown),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tensor::{Device, Tensor};

    #[test]
    fn a_feature_map_has_a_place_for_each_part_of_the_image() {
        let device = Device::reference();
        let x = |seed| Init::new(&device, seed).normal([2, 32, 32, 3], 1.0);
        for (name, shape) in
            [("resnet-small-w8", [2, 4, 4, 32]), ("vit-tiny-p8-w24-d1-h2", [2, 4, 4, 24])]
        {
            let config: EncoderConfig = name.parse().unwrap();
            let net = config.for_images([32; 2]).unwrap().build(&mut Init::new(&device, 0));
            net.train(false);
            let map = net.feature_map(&Var::constant(x(1)));
            assert_eq!(map.shape().as_slice(), shape, "{name}");
            if let Encoder::ResNet(_) = net {
                let mean: Vec<f64> = map.mean(&[1, 2], false).value().to_vec();
                assert_eq!(mean, net.forward(&Var::constant(x(1))).value().to_vec::<f64>());
            }
        }
        // Patches stand row after row: the last one sees the last corner alone, before any block.
        let config = VitConfig { depth: 0, dim: 24, heads: 2, patch: 8, ..VitConfig::tiny() };
        let config = EncoderConfig::Vit(config).for_images([32; 2]).unwrap();
        let net = config.build(&mut Init::new(&device, 0));
        let mut corner: Vec<f64> = x(1).to_vec();
        let last = corner.len() - 3;
        corner[last] += 1.0;
        let corner = Tensor::from_slice(&device, [2, 32, 32, 3], &corner);
        let map = |x| net.feature_map(&Var::constant(x)).value().to_vec::<f64>();
        let [a, b] = [x(1), corner].map(map);
        let changed: Vec<usize> = (0..32)
            .filter(|i| {
                let cell = i * 24..(i + 1) * 24;
                a[cell.clone()] != b[cell]
            })
            .collect();
        assert_eq!(changed, [31]);
    }

    #[test]
    fn a_name_gives_either_kind() {
        let parse = |name: &str| name.parse::<EncoderConfig>().map(|config| config.features());
        assert_eq!(parse("resnet18-cifar-w16"), Ok(128));
        assert_eq!(parse("vit-small"), Ok(384));
        let error = |name: &str| parse(name).unwrap_err().to_string();
        assert!(error("vgg").starts_with("unknown encoder `vgg`: expected resnet-small"));
        assert!(error("vgg").ends_with("as in vit-tiny-p4"), "{}", error("vgg"));
        assert!(error("vit-large").starts_with("encoder `vit-large`: expected vit-tiny"));
    }
}
