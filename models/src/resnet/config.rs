//! The shapes of residual networks, by name.

use std::str::FromStr;

use thiserror::Error;

use super::NormKind;

// ANCHOR: stem
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
// ANCHOR_END: stem

/// What a residual block is made of (He et al. 2015, figure 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockKind {
    /// Two 3×3 convolutions.
    Basic,
    /// 1×1 to fewer channels, 3×3, and 1×1 to four times as many. A stride is the 3×3's, as in
    /// torchvision, where the paper has it on the first 1×1.
    Bottleneck,
}

impl BlockKind {
    /// Channels that come out, for each of the block's own width.
    pub fn expansion(self) -> usize {
        match self {
            BlockKind::Basic => 1,
            BlockKind::Bottleneck => 4,
        }
    }
}

/// The shape of a residual network.
///
/// ```
/// use models::resnet::ResNetConfig;
///
/// let narrow: ResNetConfig = "resnet34-cifar-w16".parse()?;
/// assert_eq!((narrow.layers.iter().sum::<usize>(), narrow.features()), (16, 128));
/// assert_eq!(ResNetConfig::resnet50().features(), 2048);
/// # Ok::<(), models::resnet::UnknownEncoder>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResNetConfig {
    /// What the blocks are made of.
    pub block: BlockKind,
    /// Blocks in each stage; every stage after the first halves the resolution.
    pub layers: Vec<usize>,
    /// Width of the first stage; each further stage is twice as wide.
    pub width: usize,
    /// How the image enters.
    pub stem: Stem,
    /// What normalises each convolution.
    pub norm: NormKind,
    /// Whether the last scale of each block starts at 0, as SimSiam's official code has it.
    pub zero_init_residual: bool,
}

/// A name that no encoder has.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "unknown encoder `{0}`: expected resnet-small, resnet10, resnet18, resnet34 or resnet50, then \
     perhaps a stem (-imagenet, -cifar, -strided), another norm (-gn, -ln, -nonorm), and a width, \
     as in resnet18-cifar-w16"
)]
pub struct UnknownEncoder(pub String);

impl ResNetConfig {
    /// ResNet-18 with the ImageNet stem.
    pub fn resnet18() -> Self {
        ResNetConfig::imagenet(BlockKind::Basic, [2, 2, 2, 2])
    }

    /// ResNet-18 with the stem for 32×32 images.
    pub fn resnet18_cifar() -> Self {
        ResNetConfig { stem: Stem::Cifar, ..ResNetConfig::resnet18() }
    }

    /// ResNet-34 with the ImageNet stem.
    pub fn resnet34() -> Self {
        ResNetConfig::imagenet(BlockKind::Basic, [3, 4, 6, 3])
    }

    /// ResNet-50 with the ImageNet stem.
    pub fn resnet50() -> Self {
        ResNetConfig::imagenet(BlockKind::Bottleneck, [3, 4, 6, 3])
    }

    /// Three stages of one block, 32, 64 and 128 channels, behind a stride-2 stem: 0.3 million
    /// parameters, and fast enough to learn within minutes on a processor. Its few blocks all
    /// take part from the first step.
    pub fn small() -> Self {
        ResNetConfig {
            block: BlockKind::Basic,
            layers: vec![1; 3],
            width: 32,
            stem: Stem::Strided,
            norm: NormKind::Batch,
            zero_init_residual: false,
        }
    }

    /// A network of table 1 of the paper.
    fn imagenet(block: BlockKind, layers: [usize; 4]) -> Self {
        ResNetConfig {
            block,
            layers: layers.to_vec(),
            width: 64,
            stem: Stem::ImageNet,
            norm: NormKind::Batch,
            zero_init_residual: true,
        }
    }

    /// The number of features that come out.
    pub fn features(&self) -> usize {
        (self.width << (self.layers.len() - 1)) * self.block.expansion()
    }
}

impl FromStr for ResNetConfig {
    type Err = UnknownEncoder;

    /// A network, then perhaps a stem, another norm than batch norm (`gn`, group norm with weight
    /// standardisation; `ln`, layer norm; `nonorm`), and the width of the first stage, in this
    /// order.
    fn from_str(name: &str) -> Result<Self, UnknownEncoder> {
        parse(name).ok_or_else(|| UnknownEncoder(name.to_owned()))
    }
}

fn parse(name: &str) -> Option<ResNetConfig> {
    let bases = [
        ("resnet-small", ResNetConfig::small()),
        ("resnet10", ResNetConfig::imagenet(BlockKind::Basic, [1; 4])),
        ("resnet18", ResNetConfig::resnet18()),
        ("resnet34", ResNetConfig::resnet34()),
        ("resnet50", ResNetConfig::resnet50()),
    ];
    let (rest, mut config) =
        bases.into_iter().find_map(|(base, config)| Some((name.strip_prefix(base)?, config)))?;
    let mut words = rest.split('-').peekable();
    words.next_if_eq(&"")?;
    if let Some(stem) = words.peek().and_then(|word| stem(word)) {
        words.next();
        config.stem = stem;
    }
    if let Some(norm) = words.peek().and_then(|word| norm(word)) {
        words.next();
        config.norm = norm;
    }
    if let Some(width) = words.next_if(|word| word.starts_with('w')) {
        config.width = width[1..].parse().ok().filter(|width| (1..=4096).contains(width))?;
    }
    words.next().is_none().then_some(config)
}

fn stem(word: &str) -> Option<Stem> {
    Some(match word {
        "imagenet" => Stem::ImageNet,
        "cifar" => Stem::Cifar,
        "strided" => Stem::Strided,
        _ => return None,
    })
}

fn norm(word: &str) -> Option<NormKind> {
    Some(match word {
        "gn" => NormKind::Group,
        "ln" => NormKind::Layer,
        "nonorm" => NormKind::None,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_gives_network_stem_and_width() {
        let config = |name: &str| name.parse::<ResNetConfig>().unwrap();
        assert_eq!(config("resnet-small"), ResNetConfig::small());
        assert_eq!(config("resnet18-cifar"), ResNetConfig::resnet18_cifar());
        assert_eq!(config("resnet50").features(), 2048);
        let narrow = config("resnet50-strided-w16");
        assert_eq!((narrow.stem, narrow.width, narrow.features()), (Stem::Strided, 16, 512));
        assert_eq!(config("resnet-small-w4").features(), 16);
        assert_eq!(config("resnet10").layers, [1; 4]);
        let group = config("resnet18-cifar-gn-w8");
        assert_eq!((group.norm, group.stem, group.width), (NormKind::Group, Stem::Cifar, 8));
        assert_eq!(config("resnet-small-ln-w8").norm, NormKind::Layer);
        assert_eq!(config("resnet50-nonorm").norm, NormKind::None);
    }

    #[test]
    fn an_unknown_encoder_is_named() {
        for name in [
            "resnet19",
            "resnet18-w",
            "resnet18-w0",
            "resnet18-w5000",
            "resnet18-w16-cifar",
            "resnet18-w16-gn",
            "resnet18-gn-ln",
            "resnet180",
            "resnet18-cifar-cifar",
            "resnet-smaller",
            "resnet18-",
            "",
        ] {
            let error = name.parse::<ResNetConfig>().unwrap_err().to_string();
            assert!(error.contains(&format!("`{name}`")), "{error}");
        }
    }
}
