//! Whole training steps on random images.

use autodiff::Var;
use tensor::Device;

use super::Work;
use super::operations::normal;
use crate::train::{Descent, Schedule, Settings, build, step};

const BATCH: usize = 64;

/// SimSiam with the paper's heads on a ResNet-18 for small images.
pub(super) fn simsiam_resnet18(device: &Device) -> Work {
    const CHANGES: &[&str] = &[
        "encoder=resnet18-cifar",
        "projector_layers=3",
        "projector_dim=2048",
        "predictor_hidden=512",
    ];
    work("simsiam-resnet18", "simsiam", CHANGES, device)
}

/// MoCo-v3 on a ViT-Tiny with patches of 4 pixels.
pub(super) fn moco_v3_vit_tiny(device: &Device) -> Work {
    const CHANGES: &[&str] = &[
        "encoder=vit-tiny-p4",
        "hidden_dim=1024",
        "projector_dim=256",
        "temperature=0.2",
        "stop_grad_conv1=false",
    ];
    work("moco-v3-vit-tiny", "moco-v3", CHANGES, device)
}

/// Training steps of a method whose settings are changed, always on the same two views.
fn work(name: &str, method: &str, changes: &[&str], device: &Device) -> Work {
    let settings = changes.iter().fold(Settings::named(method).expect("it exists"), |s, change| {
        s.set(change).unwrap_or_else(|error| unreachable!("{error}"))
    });
    let method = build(&settings, device).expect("the encoder exists");
    let mut descent = Descent::new(method.optimizer(), method.clip());
    let views = [0, 1].map(|stream| Var::constant(normal(device, [BATCH, 32, 32, 3], stream)));
    let mut at = Schedule {
        step: 0,
        steps_per_epoch: 100,
        epochs: 100,
        batch: BATCH,
        seed: settings.run.seed,
    };
    Work::new(name, BATCH, move || {
        let (output, _) =
            step(&*method, &mut descent, &views, &at).expect("every parameter has a gradient");
        at.step += 1;
        output.loss.value().clone()
    })
}
