//! ResNet (He et al. 2015) with torchvision's names.

use std::str::FromStr;

use autodiff::Var;
use tensor::Pool2d;
use thiserror::Error;

use crate::layers::{BatchNorm, Conv2d};
use crate::{Init, Module, Parts};

/// How the image enters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stem {
    /// 7×7 with stride 2, then 3×3 max pooling with stride 2: a quarter of the resolution.
    ImageNet,
    /// 3×3 with stride 1: for 32×32 images.
    Cifar,
    /// 3×3 with stride 2: for small machines, where steps count for more than resolution.
    Strided,
}

/// The shape of a network of basic blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResNetConfig {
    /// Blocks in each stage; every stage after the first halves the resolution.
    pub layers: Vec<usize>,
    /// Channels of the first stage; each further stage has twice as many.
    pub width: usize,
    /// How the image enters.
    pub stem: Stem,
    /// Whether the last scale of each block starts at 0, as SimSiam's official code has it.
    pub zero_init_residual: bool,
}

/// A name that no encoder has.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "unknown encoder `{0}`: expected resnet-small, resnet18 or resnet18-cifar, each also with a \
     width, such as resnet18-cifar-w16"
)]
pub struct UnknownEncoder(pub String);

impl ResNetConfig {
    /// ResNet-18 with the ImageNet stem.
    pub fn resnet18() -> Self {
        ResNetConfig {
            layers: vec![2; 4],
            width: 64,
            stem: Stem::ImageNet,
            zero_init_residual: true,
        }
    }

    /// ResNet-18 with the stem for 32×32 images.
    pub fn resnet18_cifar() -> Self {
        ResNetConfig { stem: Stem::Cifar, ..ResNetConfig::resnet18() }
    }

    /// Three stages of one block, 32, 64 and 128 channels, behind a stride-2 stem: 0.3 million
    /// parameters, and fast enough to learn within minutes on a processor. Its few blocks all
    /// take part from the first step.
    pub fn small() -> Self {
        ResNetConfig {
            layers: vec![1; 3],
            width: 32,
            stem: Stem::Strided,
            zero_init_residual: false,
        }
    }

    /// The number of features that come out.
    pub fn features(&self) -> usize {
        self.width << (self.layers.len() - 1)
    }
}

impl FromStr for ResNetConfig {
    type Err = UnknownEncoder;

    fn from_str(name: &str) -> Result<Self, UnknownEncoder> {
        let unknown = || UnknownEncoder(name.to_owned());
        let (base, width) = match name.rsplit_once("-w") {
            Some((base, width)) => (base, Some(width.parse().map_err(|_| unknown())?)),
            None => (name, None),
        };
        let config = match base {
            "resnet-small" => ResNetConfig::small(),
            "resnet18" => ResNetConfig::resnet18(),
            "resnet18-cifar" => ResNetConfig::resnet18_cifar(),
            _ => return Err(unknown()),
        };
        match width {
            Some(0 | 4097..) => Err(unknown()),
            Some(width) => Ok(ResNetConfig { width, ..config }),
            None => Ok(config),
        }
    }
}

/// A residual network without its classifier: images `[n, h, w, 3]` to features `[n, c]`.
pub struct ResNet {
    stem: Stem,
    conv1: Conv2d,
    bn1: BatchNorm,
    stages: Vec<Vec<BasicBlock>>,
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
        let conv1 = Conv2d::new(init, 3, config.width, kernel, stride);
        let bn1 = BatchNorm::new(init.device(), config.width);
        let mut c_in = config.width;
        let mut stages = Vec::new();
        for (stage, &blocks) in config.layers.iter().enumerate() {
            let c_out = config.width << stage;
            let mut chain = Vec::new();
            for block in 0..blocks {
                let stride = if stage > 0 && block == 0 { 2 } else { 1 };
                chain.push(BasicBlock::new(init, c_in, c_out, stride, config.zero_init_residual));
                c_in = c_out;
            }
            stages.push(chain);
        }
        ResNet { stem: config.stem, conv1, bn1, stages, features: config.features() }
    }

    /// The number of features that come out.
    pub fn features(&self) -> usize {
        self.features
    }

    /// `[n, h, w, 3] → [n, c]`: the features of the last stage, averaged over the image.
    #[track_caller]
    pub fn forward(&self, x: &Var) -> Var {
        let mut x = self.bn1.forward(&self.conv1.forward(x)).relu();
        if self.stem == Stem::ImageNet {
            x = x.max_pool2d(Pool2d::new(3, 2, 1));
        }
        for block in self.stages.iter().flatten() {
            x = block.forward(&x);
        }
        x.mean(&[1, 2], false)
    }
}

impl Module for ResNet {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        parts.module("conv1", &self.conv1);
        parts.module("bn1", &self.bn1);
        for (stage, blocks) in self.stages.iter().enumerate() {
            for (i, block) in blocks.iter().enumerate() {
                parts.module(&format!("layer{}.{i}", stage + 1), block);
            }
        }
    }
}

/// Two 3×3 convolutions and a shortcut.
pub struct BasicBlock {
    conv1: Conv2d,
    bn1: BatchNorm,
    conv2: Conv2d,
    bn2: BatchNorm,
    downsample: Option<(Conv2d, BatchNorm)>,
}

impl BasicBlock {
    /// A block; its shortcut is a 1×1 convolution where the shape changes, else the input itself.
    pub fn new(
        init: &mut Init,
        c_in: usize,
        c_out: usize,
        stride: usize,
        zero_init_residual: bool,
    ) -> Self {
        let device = init.device().clone();
        let last = if zero_init_residual { BatchNorm::zero_scale } else { BatchNorm::new };
        let changes = stride != 1 || c_in != c_out;
        BasicBlock {
            conv1: Conv2d::new(init, c_in, c_out, 3, stride),
            bn1: BatchNorm::new(&device, c_out),
            conv2: Conv2d::new(init, c_out, c_out, 3, 1),
            bn2: last(&device, c_out),
            downsample: changes.then(|| {
                (Conv2d::new(init, c_in, c_out, 1, stride), BatchNorm::new(&device, c_out))
            }),
        }
    }

    /// `relu(bn2(conv2(relu(bn1(conv1(x))))) + shortcut(x))`.
    #[track_caller]
    pub fn forward(&self, x: &Var) -> Var {
        let y = self.bn1.forward(&self.conv1.forward(x)).relu();
        let y = self.bn2.forward(&self.conv2.forward(&y));
        match &self.downsample {
            Some((conv, bn)) => (y + bn.forward(&conv.forward(x))).relu(),
            None => (y + x).relu(),
        }
    }
}

impl Module for BasicBlock {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        parts.module("conv1", &self.conv1);
        parts.module("bn1", &self.bn1);
        parts.module("conv2", &self.conv2);
        parts.module("bn2", &self.bn2);
        if let Some((conv, bn)) = &self.downsample {
            parts.module("downsample.0", conv);
            parts.module("downsample.1", bn);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tensor::Device;

    fn count(config: &ResNetConfig) -> usize {
        let net = ResNet::new(&mut Init::new(&Device::cpu(), 0), config);
        net.parameters().iter().map(|(_, p)| p.var().shape().elements()).sum()
    }

    #[test]
    fn parameters_are_as_many_as_torchvisions() {
        // torchvision's resnet18 has 11,689,512, of which 513,000 are the classifier's.
        assert_eq!(count(&ResNetConfig::resnet18()), 11_689_512 - 513_000);
        // The CIFAR stem has 3·3 weights where the other has 7·7.
        assert_eq!(count(&ResNetConfig::resnet18_cifar()), 11_176_512 - 40 * 3 * 64);
    }

    #[test]
    fn names_are_torchvisions() {
        let net = ResNet::new(&mut Init::new(&Device::cpu(), 0), &ResNetConfig::small());
        let names: Vec<String> = net.parameters().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names[..3], ["conv1.weight", "bn1.weight", "bn1.bias"]);
        assert!(names.contains(&"layer2.0.downsample.0.weight".to_owned()));
    }

    #[test]
    fn an_unknown_encoder_is_named() {
        let narrow: ResNetConfig = "resnet18-cifar-w16".parse().unwrap();
        assert_eq!((narrow.width, narrow.features()), (16, 128));
        for name in ["resnet19", "resnet18-w", "resnet18-w0", ""] {
            let error = name.parse::<ResNetConfig>().unwrap_err().to_string();
            assert!(error.contains(&format!("`{name}`")), "{error}");
        }
    }
}
