//! Whole vision transformers: their gradients, and a step of training on every device.

use autodiff::Var;
use autodiff::gradcheck::along_directions;
use methods::train::{Sgd, SgdConfig};
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

/// Along random directions through all trainable parameters at once, in both modes. DINO's first
/// values are so small that attention is nearly uniform; ten times as large it is not.
#[test]
fn gradients_agree_with_differences() {
    let device = Device::reference();
    for (name, config) in configs() {
        let vit = Vit::new(&mut Init::new(&device, 0), &config);
        let x = images(&device);
        let weights = Init::new(&device, 2).normal([3, vit.features()], 1.0);
        let weights = Var::constant(weights);
        let trainable = |(_, p): &(String, _)| models::Parameter::is_trainable(p);
        let parameters: Vec<_> = vit.parameters().into_iter().filter(trainable).collect();
        let large = |name: &str, x: &Tensor| match name.ends_with("norm.weight") {
            false if x.shape().rank() == 2 => x * 10.0,
            _ => x.clone(),
        };
        let values: Vec<Tensor> =
            parameters.iter().map(|(name, p)| large(name, p.var().value())).collect();
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
    let mut sgd = Sgd::new(SgdConfig { momentum: 0.9, weight_decay: 1e-4 });
    for step in 0..3 {
        vit.at_step(step);
        let target = Var::constant(Tensor::full(device, [3, vit.features()], 0.5));
        let error = vit.forward(&images(device)) - target;
        let gradients = (&error * &error).mean_all().backward();
        sgd.step(&vit, &gradients, |_| 0.1).expect("a gradient for every trainable parameter");
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
        begun.collect("", &Vit::new(&mut Init::new(&Device::cpu(), 0), &config));
        let expected = trained(&Device::reference(), &config, &begun);
        for device in devices::single_precision("vit") {
            let found = trained(&device, &config, &begun);
            for ((part, found), (_, expected)) in found.iter().zip(&expected) {
                let (_, error) = found.worst(expected).expect("no parameter is empty");
                let allowed = 1e-5 * expected.largest().max(1e-2);
                assert!(error <= allowed, "{name} on {device}: {part} is off by {error:e}");
            }
        }
    }
}
