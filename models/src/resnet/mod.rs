//! ResNet (He et al. 2015) with torchvision's names.

mod block;
mod config;
mod conv_norm;

use autodiff::Var;
use tensor::Pool2d;

use crate::{Init, Module, Parts};

pub use block::{Block, BlockConfig};
pub use config::{BlockKind, ResNetConfig, Stem, UnknownEncoder};
pub use conv_norm::NormKind;

use conv_norm::ConvNorm;

/// A residual network without its classifier: images `[n, h, w, 3]` to features `[n, c]`.
#[derive(Clone)]
pub struct ResNet {
    stem: Stem,
    first: ConvNorm,
    stages: Vec<Vec<Block>>,
    features: usize,
}

impl ResNet {
    /// A network with first values from `init`.
    pub fn new(init: &mut Init, config: &ResNetConfig) -> Self {
        let (kernel, stride) = match config.stem {
            Stem::ImageNet => (7, 2),
            Stem::Cifar => (3, 1),
            Stem::Strided => (3, 2),
        };
        let norm = config.norm;
        let first = ConvNorm::new(init, norm, [3, config.width], kernel, stride, false);
        let mut c_in = config.width;
        let mut stages = Vec::new();
        for (stage, &blocks) in config.layers.iter().enumerate() {
            let width = config.width << stage;
            let mut chain = Vec::new();
            for i in 0..blocks {
                let block = BlockConfig {
                    kind: config.block,
                    norm,
                    c_in,
                    width,
                    stride: if stage > 0 && i == 0 { 2 } else { 1 },
                    zero_init: config.zero_init_residual,
                };
                chain.push(Block::new(init, &block));
                c_in = block.c_out();
            }
            stages.push(chain);
        }
        ResNet { stem: config.stem, first, stages, features: config.features() }
    }

    /// The number of features that come out.
    pub fn features(&self) -> usize {
        self.features
    }

    // ANCHOR: forward
    /// `[n, h, w, 3] → [n, c]`: the features of the last stage, averaged over the image.
    #[track_caller]
    pub fn forward(&self, x: &Var) -> Var {
        self.feature_map(x).mean(&[1, 2], false)
    }

    /// `[n, h, w, 3] → [n, h', w', c]`: the features of the last stage, place by place.
    #[track_caller]
    pub fn feature_map(&self, x: &Var) -> Var {
        let mut x = self.first.forward(x).relu();
        if self.stem == Stem::ImageNet {
            x = x.max_pool2d(Pool2d::new(3, 2, 1));
        }
        for block in self.stages.iter().flatten() {
            x = block.forward(&x);
        }
        x
    }
    // ANCHOR_END: forward
}

impl Module for ResNet {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        parts.module("conv1", &self.first.conv);
        parts.module("bn1", &self.first.norm);
        for (stage, blocks) in self.stages.iter().enumerate() {
            for (i, block) in blocks.iter().enumerate() {
                parts.module(&format!("layer{}.{i}", stage + 1), block);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tensor::{Device, Tensor};

    fn net(config: &ResNetConfig) -> ResNet {
        ResNet::new(&mut Init::new(&Device::cpu(), 0), config)
    }

    fn count(config: &ResNetConfig) -> usize {
        net(config).parameters().iter().map(|(_, p)| p.var().shape().elements()).sum()
    }

    #[test]
    fn parameters_are_as_many_as_torchvisions() {
        // Without the classifier of 1000 classes, which has a bias.
        let without = |all: usize, features: usize| all - 1000 * (features + 1);
        assert_eq!(count(&ResNetConfig::resnet18()), without(11_689_512, 512));
        assert_eq!(count(&ResNetConfig::resnet34()), without(21_797_672, 512));
        assert_eq!(count(&ResNetConfig::resnet50()), without(25_557_032, 2048));
        // The CIFAR stem has 3·3 weights where the other has 7·7.
        assert_eq!(count(&ResNetConfig::resnet18_cifar()), 11_176_512 - 40 * 3 * 64);
    }

    /// With batch norm in training mode, an image's features depend on what else is in the batch.
    #[test]
    fn only_batch_norm_lets_images_know_of_each_other() {
        let first_of = |net: &ResNet, seed| {
            let x = |seed| Init::new(&Device::reference(), seed).normal([1, 16, 16, 3], 1.0);
            let batch = Tensor::concat(&[&x(0), &x(seed)], 0);
            let y: Vec<f64> = net.forward(&Var::constant(batch)).value().to_vec();
            y[..net.features()].to_vec()
        };
        for (name, apart) in [
            ("resnet-small-w8", true),
            ("resnet-small-gn-w8", false),
            ("resnet-small-ln-w8", false),
            ("resnet-small-nonorm-w8", false),
        ] {
            let config = name.parse().unwrap();
            let net = ResNet::new(&mut Init::new(&Device::reference(), 0), &config);
            assert_eq!(first_of(&net, 1) != first_of(&net, 2), apart, "{name}");
        }
        for name in ["resnet18-gn", "resnet18-ln", "resnet18-nonorm"] {
            assert_eq!(count(&name.parse().unwrap()), count(&ResNetConfig::resnet18()), "{name}");
        }
    }

    #[test]
    fn names_are_torchvisions() {
        let net = net(&"resnet50-w2".parse().unwrap());
        let names: Vec<String> = net.parameters().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names[..3], ["conv1.weight", "bn1.weight", "bn1.bias"]);
        // A bottleneck widens the first stage too, so its first block has a convolution beside.
        for name in ["layer1.0.downsample.0.weight", "layer4.2.conv3.weight", "layer3.5.bn3.bias"] {
            assert!(names.contains(&name.to_owned()), "{name}");
        }
    }

    #[test]
    fn a_zero_scale_starts_each_block_as_its_shortcut() {
        let first_block = |norm, zero_init| {
            let kind = BlockKind::Bottleneck;
            let config = BlockConfig { kind, norm, c_in: 8, width: 2, stride: 1, zero_init };
            Block::new(&mut Init::new(&Device::cpu(), 0), &config)
        };
        let x = Var::constant(Init::new(&Device::cpu(), 1).normal([2, 5, 5, 8], 1.0));
        let values = |x: &Var| x.value().to_vec::<f32>();
        for norm in [NormKind::Batch, NormKind::Group, NormKind::Layer, NormKind::None] {
            assert_eq!(values(&first_block(norm, true).forward(&x)), values(&x.relu()), "{norm:?}");
            assert_ne!(values(&first_block(norm, false).forward(&x)), values(&x.relu()));
        }
    }
}
