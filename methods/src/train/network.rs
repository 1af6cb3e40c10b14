//! A run's networks: with first values, with published weights, or as a checkpoint has them.

use std::collections::HashSet;
use std::path::Path;

use autodiff::{Var, graph};
use models::weights::{Loaded, Weights};
use models::{Encoder, Init};
use tensor::{Device, Tensor};

use super::checkpoint;
use super::error::RunError;
use super::{Settings, SettingsError};
use crate::method::Method;

/// A method with the first values that its seed gives.
///
/// # Errors
/// Where the encoder is unknown.
pub fn build(settings: &Settings, device: &Device) -> Result<Box<dyn Method>, SettingsError> {
    let (mut init, encoder) = encoder(settings, device)?;
    let method = settings.method.build(&mut init, encoder);
    views_fit(settings, &*method)?;
    Ok(method)
}

/// A method at the start of a run: its encoder has the weights of the settings' file, if they
/// name one, before the method copies it.
///
/// # Errors
/// Where the encoder is unknown, or the file is not its.
pub(super) fn begin(
    settings: &Settings,
    device: &Device,
) -> Result<(Box<dyn Method>, Option<Loaded>), RunError> {
    let (mut init, encoder) = encoder(settings, device)?;
    let loaded = match &*settings.run.weights {
        "" => None,
        file => {
            let path = Path::new(file);
            Some(Weights::read(path)?.load_published(None, &encoder, path)?)
        }
    };
    let method = settings.method.build(&mut init, encoder);
    views_fit(settings, &*method)?;
    Ok((method, loaded))
}

/// A transformer takes views of whole patches only.
fn views_fit(settings: &Settings, method: &dyn Method) -> Result<(), SettingsError> {
    for view in method.views() {
        settings.encoder()?.for_images([view.side(settings.run.image_size); 2])?;
    }
    Ok(())
}

fn encoder(settings: &Settings, device: &Device) -> Result<(Init, Encoder), SettingsError> {
    let mut init = Init::new(device, settings.run.seed);
    let encoder = settings.encoder()?.build(&mut init);
    Ok((init, encoder))
}

/// A run's method as its newest whole checkpoint has it.
///
/// # Errors
/// Where no checkpoint is whole, or the newest is another network's.
pub fn restore(
    settings: &Settings,
    device: &Device,
    folder: &Path,
) -> Result<Box<dyn Method>, RunError> {
    let method = build(settings, device)?;
    checkpoint::newest(folder, |path| checkpoint::load_network(path, &*method))?;
    Ok(method)
}

/// What stands before the names of the encoder that is used after training, such as `encoder.`:
/// the longest beginning that all parameters behind [`Method::encode`] have in common.
///
/// `x` is a batch of images to encode, in evaluation mode.
pub fn encoder_prefix(method: &dyn Method, x: Tensor) -> String {
    method.train(false);
    let features = method.encode(&Var::leaf(x));
    let used: HashSet<u64> = graph::nodes(&features).iter().map(Var::id).collect();
    let parameters = method.parameters();
    let names = parameters.iter().filter(|(_, p)| used.contains(&p.var().id()));
    let common = names.map(|(name, _)| name.as_str()).reduce(|a, b| {
        let same = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
        &a[..same]
    });
    let common = common.unwrap_or_default();
    common.rfind('.').map_or("", |dot| &common[..=dot]).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoder_is_what_encodes() {
        let device = Device::cpu();
        for (name, prefix) in [("simsiam", "encoder."), ("dino", "teacher.encoder.")] {
            let method = build(&Settings::named(name).unwrap(), &device).unwrap();
            let x = Tensor::zeros(&device, [1, 32, 32, 3]);
            assert_eq!(encoder_prefix(&*method, x), prefix);
        }
    }

    #[test]
    fn what_does_not_fit_the_encoder_is_refused() {
        let error = |method: &str, assignment: &str| {
            let settings = Settings::named(method).unwrap().set(assignment).unwrap();
            build(&settings, &Device::cpu()).map(|_| ()).unwrap_err().to_string()
        };
        let text = error("ibot", "encoder=resnet-small");
        assert!(text.starts_with("encoder `resnet-small`: iBOT hides patches"), "{text}");
        let text = error("dino", "local_crops_size=15");
        assert!(text.contains("15 × 15 pixels are no whole patches of 4"), "{text}");
    }
}
