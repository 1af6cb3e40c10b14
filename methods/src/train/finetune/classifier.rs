//! An encoder with a linear classifier on top.

use std::path::Path;

use autodiff::Var;
use models::layers::Linear;
use models::weights::{Weights, WeightsError};
use models::{Encoder, Init, Module, Parts};
use tensor::{Device, Tensor};

use crate::report::write_whole;
use crate::train::{RunError, Settings, SettingsError};

/// The key of the encoder's name among a weight file's metadata.
pub const ENCODER: &str = "encoder";

/// A network from images `[n, h, w, 3]` to logits `[n, classes]`. Its names are torchvision's and
/// timm's: the classifier is `fc` on a residual network and `head` on a vision transformer.
pub struct Classifier {
    encoder: Encoder,
    linear: Linear,
}

impl Classifier {
    /// The encoder of some settings with the first values that their seed gives. The linear layer
    /// begins with zeros: at first all classes are equally likely.
    ///
    /// # Errors
    /// Where the encoder is unknown or cannot take such images.
    pub fn new(
        settings: &Settings,
        device: &Device,
        classes: usize,
    ) -> Result<Self, SettingsError> {
        let encoder = settings.encoder()?.build(&mut Init::new(device, settings.run.seed));
        // Where it was fixed (MoCo-v3), that was for the time before labels.
        encoder.train_patch_embed(true);
        let linear = zeros(device, encoder.features(), classes);
        Ok(Classifier { encoder, linear })
    }

    /// Gives the encoder the values of another; its parameters are trained whether or not the
    /// other's are, as a teacher's are not. `path` is named where they do not fit.
    pub(super) fn begin_with(&self, other: &Encoder, path: &Path) -> Result<(), WeightsError> {
        let mut weights = Weights::default();
        weights.collect("", other);
        weights.load_into("", &self.encoder, path)
    }

    /// Writes the network for use elsewhere: with the names of torchvision or timm, and with its
    /// encoder's name among the metadata.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn save(&self, encoder: &str, file: &Path) -> Result<(), RunError> {
        let mut weights = Weights::default();
        weights.collect("", self);
        weights.metadata.insert("format".into(), "pt".into());
        weights.metadata.insert(ENCODER.into(), encoder.to_owned());
        let failed = |source| RunError::File { path: file.to_owned(), source };
        let bytes = weights.to_bytes(false).map_err(std::io::Error::other);
        bytes.and_then(|bytes| write_whole(file, &bytes)).map_err(failed)
    }

    /// `[n, h, w, 3] → [n, classes]`.
    pub fn forward(&self, x: &Var) -> Var {
        self.linear.forward(&self.encoder.forward(x))
    }
}

impl Module for Classifier {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        self.encoder.visit(parts);
        let name = match &self.encoder {
            Encoder::ResNet(_) => "fc",
            Encoder::Vit(_) => "head",
        };
        parts.module(name, &self.linear);
    }
}

/// A linear classifier without an opinion. Its loss is convex, so that where it begins does not
/// decide where it ends.
pub(in crate::train) fn zeros(device: &Device, features: usize, classes: usize) -> Linear {
    let weight = Tensor::zeros(device, [features, classes]);
    Linear::of(weight, Some(Tensor::zeros(device, [classes])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::build;

    /// Of a teacher, whose parameters are frozen, and of a transformer with a fixed projection.
    #[test]
    fn it_begins_with_the_encoder_and_trains_all_of_it() {
        let device = Device::cpu();
        for (method, encoder, head) in [
            ("dino", "vit-tiny-p8-w24-d1-h2", "head.weight"),
            ("moco-v3", "vit-tiny-p8-w24-d1-h2-moco", "head.weight"),
            ("ibot", "vit-tiny-p8-w24-d1-h2", "head.weight"),
            ("byol", "resnet-small-w4", "fc.weight"),
        ] {
            let settings = Settings::named(method).unwrap();
            let settings = settings.set(&format!("encoder={encoder}")).unwrap();
            let method = build(&settings.clone().set("seed=1").unwrap(), &device).unwrap();
            let classifier = Classifier::new(&settings, &device, 3).unwrap();
            let all = |module: &dyn Module| {
                let mut weights = Weights::default();
                weights.collect("", module);
                weights.arrays
            };
            let theirs = all(method.encoder());
            let has_theirs =
                || all(&classifier).iter().filter(|(n, a)| theirs.get(*n) == Some(a)).count();
            assert!(has_theirs() < theirs.len());
            classifier.begin_with(method.encoder(), Path::new("run")).unwrap();
            assert_eq!(has_theirs(), theirs.len());
            let linear = &all(&classifier)[head];
            assert_eq!((linear.shape[0], linear.values().iter().all(|x| *x == 0.0)), (3, true));
            let trained = classifier.parameters().iter().filter(|(_, p)| p.is_trainable()).count();
            assert!(trained + 1 >= classifier.parameters().len(), "{encoder}");
        }
    }
}
