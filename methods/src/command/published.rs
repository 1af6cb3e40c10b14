//! The encoder in a file of weights.

use std::path::Path;

use methods::train::SettingsError;
use models::vit::VitConfig;
use models::weights::{Loaded, Weights};
use models::{Encoder, EncoderConfig, Init};
use tensor::Device;

/// The key under which an exported file remembers its network's name.
pub(super) use methods::train::ENCODER;

/// A file of weights and what the user says about it.
pub(super) struct Published<'a> {
    pub(super) file: &'a Path,
    /// The network's name, where the file does not tell it.
    pub(super) encoder: Option<&'a str>,
    /// What stands before the network's names, where the file holds several.
    pub(super) prefix: Option<&'a str>,
}

impl Published<'_> {
    /// The network's name, the network, and what was done with the file. The name is the user's
    /// or the file's own; a vision transformer is recognised by its shapes as well.
    pub(super) fn load(&self, device: &Device) -> anyhow::Result<(String, Encoder, Loaded)> {
        let weights = Weights::read(self.file)?;
        let named = self.encoder.or(weights.metadata.get(ENCODER).map(String::as_str));
        let (name, config) = match (named, VitConfig::of_weights(&weights)) {
            (Some(name), _) => {
                let config: EncoderConfig = name.parse().map_err(SettingsError::from)?;
                (name.to_owned(), config.fitting(&weights))
            }
            (None, Ok(config)) => (config.name(), EncoderConfig::Vit(config)),
            (None, Err(_)) => {
                let why = "of which network? expected --encoder NAME";
                return Err(wrong("WEIGHTS", self.file, why));
            }
        };
        let net = config.build(&mut Init::new(device, 0));
        let loaded = weights.load_published(self.prefix, &net, self.file)?;
        Ok((name, net, loaded))
    }
}

/// The command was used wrongly.
pub(super) fn wrong(place: &str, path: &Path, reason: &str) -> anyhow::Error {
    let place = format!("{place} {}", path.display());
    SettingsError::Value { place, reason: reason.to_owned() }.into()
}
