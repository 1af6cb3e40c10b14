//! Whole training steps on random images.

use autodiff::Var;
use tensor::Device;

use super::Work;
use super::operations::normal;
use crate::train::{Descent, Schedule, Settings, SettingsError, build, step};

/// SimSiam with the paper's heads on a ResNet-18 for small images, by the work's name and batch.
pub(super) fn simsiam_resnet18(name: &str, batch: usize, device: &Device) -> Work {
    let batch = format!("batch={batch}");
    let changes = [
        "encoder=resnet18-cifar",
        &batch,
        "image_size=32",
        "projector_layers=3",
        "projector_dim=2048",
        "predictor_hidden=512",
    ];
    changed(name, "simsiam", &changes, device)
}

/// MoCo-v3 on a ViT-Tiny with patches of 4 pixels.
pub(super) fn moco_v3_vit_tiny(device: &Device) -> Work {
    const CHANGES: &[&str] = &[
        "encoder=vit-tiny-p4",
        "batch=64",
        "image_size=32",
        "hidden_dim=1024",
        "projector_dim=256",
        "temperature=0.2",
        "stop_grad_conv1=false",
    ];
    changed("moco-v3-vit-tiny", "moco-v3", CHANGES, device)
}

fn changed(name: &str, method: &str, changes: &[&str], device: &Device) -> Work {
    let settings = changes.iter().fold(Settings::named(method).expect("it exists"), |s, change| {
        s.set(change).unwrap_or_else(|error| unreachable!("{error}"))
    });
    training_step(name, &settings, device).expect("the encoder exists")
}

/// Training steps of a method that takes two views, always on the same two of random values.
///
/// # Errors
/// Where the encoder is unknown.
pub fn training_step(
    name: &str,
    settings: &Settings,
    device: &Device,
) -> Result<Work, SettingsError> {
    let method = build(settings, device)?;
    let mut descent = Descent::new(method.optimizer(), method.clip());
    let (batch, size) = (settings.run.batch, settings.run.image_size);
    let views = [0, 1].map(|stream| Var::constant(normal(device, [batch, size, size, 3], stream)));
    let mut at =
        Schedule { step: 0, steps_per_epoch: 100, epochs: 100, batch, seed: settings.run.seed };
    Ok(Work::new(name, batch, move || {
        let (output, _) =
            step(&*method, &mut descent, &views, &at).expect("every parameter has a gradient");
        at.step += 1;
        output.loss.value().clone()
    }))
}
