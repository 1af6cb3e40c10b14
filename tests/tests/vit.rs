//! Whole vision transformers: their gradients, and a step of training on every device.

use autodiff::Var;
use autodiff::gradcheck::along_directions;
use methods::train::{Clip, Descent, Optimizer, Rates};
use models::vit::{Pooling, PositionResize, Vit, VitConfig};
use models::weights::Weights;
use models::{Init, Module};
use tensor::{Device, Tensor};
use tests::array::Array;
use tests::devices;

/// Two blocks of width 12 for images of 8 × 12: two by three patches.
fn small() -> VitConfig {
    let config: VitConfig = "vit-tiny-p4-w12-d2".parse().expect("a network");
    config.for_images([8, 12]).expect("whole patches")
}

/// Every way to build one that changes what is computed.
fn configs() -> Vec<(&'static str, VitConfig)> {
    let free = VitConfig { frozen_patch_embed: false, ..small().moco_v3() };
    let mean = VitConfig { pooling: Pooling::Mean, layer_scale: Some(0.5), ..small() };
    let moved = small().for_images([12, 8]).expect("whole patches");
    let dino = VitConfig { position_resize: PositionResize::dino(), ..moved.clone() };
    vec![
        ("class token", small()),
        ("sin-cos positions", free),
        ("mean, layer scale", mean),
        ("interpolated positions", moved),
        ("DINO's interpolation", dino),
        ("drop path", VitConfig { drop_path: 0.5, ..small() }),
    ]
}

fn images(device: &Device) -> Var {
    Var::constant(Init::new(device, 1).normal([3, 8, 12, 3], 1.0))
}

/// A network whose parameters are of a size at which every layer bends, unlike first values: a
/// class token next to zero, for one, has a layer norm with a slope of a thousand.
fn drawn(device: &Device, config: &VitConfig) -> Vit {
    let vit = Vit::new(&mut Init::new(device, 0), config);
    let mut init = Init::new(device, 2);
    for (_, parameter) in vit.parameters().into_iter().filter(|(_, p)| p.is_trainable()) {
        let var = parameter.var();
        // Scales of layer norms stay around 1.
        let centre = var.value().mean_all().item().round();
        parameter.set(init.normal(var.shape().clone(), 0.3) + centre);
    }
    vit
}

/// Along random directions through all trainable parameters at once, in both modes.
#[test]
fn gradients_agree_with_differences() {
    let device = Device::reference();
    for (name, config) in configs() {
        let vit = drawn(&device, &config);
        let x = images(&device);
        let weights = Var::constant(Init::new(&device, 3).normal([3, vit.features()], 1.0));
        let parameters: Vec<_> =
            vit.parameters().into_iter().filter(|(_, p)| p.is_trainable()).collect();
        let values: Vec<Tensor> = parameters.iter().map(|(_, p)| p.var().value().clone()).collect();
        let loss = |vars: &[Var]| {
            for ((_, parameter), var) in parameters.iter().zip(vars) {
                parameter.replace(var.clone());
            }
            // The same branches are left out at every evaluation.
            vit.at_step(4);
            (vit.forward(&x) * &weights).sum_all()
        };
        for training in [true, false] {
            vit.train(training);
            let worst = along_directions(loss, &values, 3);
            worst.unwrap_or_else(|wrong| panic!("{name}, training: {training}: {wrong}"));
        }
    }
}

/// Features and all parameters after three steps of SGD.
fn trained(device: &Device, config: &VitConfig, begun: &Weights) -> Vec<(String, Array)> {
    let vit = Vit::new(&mut Init::new(device, 0), config);
    begun.load_into("", &vit, "".as_ref()).expect("weights of the same network");
    let optimizer = Optimizer::Sgd { momentum: 0.9, nesterov: false };
    let mut descent = Descent::new(optimizer, Clip::None);
    let rates = Rates { lr: 0.01, weight_decay: 1e-4 };
    for step in 0..3 {
        vit.at_step(step);
        let target = Var::constant(Tensor::full(device, [3, vit.features()], 0.5));
        let error = vit.forward(&images(device)) - target;
        let gradients = (&error * &error).mean_all().backward();
        let stepped = descent.step(&vit, &gradients, |_| Some(rates));
        stepped.expect("a gradient for every trainable parameter");
    }
    vit.train(false);
    let parameters = vit.parameters().into_iter();
    let mut found: Vec<(String, Array)> =
        parameters.map(|(name, p)| (name, Array::of(p.var().value()))).collect();
    found.push(("features".to_owned(), Array::of(vit.forward(&images(device)).value())));
    found
}

#[test]
fn steps_agree_on_every_device() {
    for (name, config) in configs() {
        let mut begun = Weights::default();
        begun.collect("", &drawn(&Device::cpu(), &config));
        let expected = trained(&Device::reference(), &config, &begun);
        for device in devices::single_precision("vit") {
            let found = trained(&device, &config, &begun);
            for ((part, found), (_, expected)) in found.iter().zip(&expected) {
                let (_, error) = found.worst(expected).expect("no parameter is empty");
                let error = error / expected.largest();
                assert!(error < 1e-5, "{name} on {device}: {part} is off by {error:e}");
            }
        }
    }
}
