//! SimSiam from end to end: the devices agree, and the stop-gradient decides.

use std::path::Path;

use autodiff::Var;
use methods::augment::key;
use methods::data;
use methods::method::Method;
use methods::train::{Schedule, Settings, Sgd, build};
use models::weights::Weights;
use tensor::{Device, Tensor};
use tests::devices;

const BATCH: usize = 32;

fn settings(assignments: &[&str]) -> Settings {
    let narrow = ["encoder=resnet-small-w8", "batch=32", "projector_dim=32", "predictor_hidden=8"];
    let start = Settings::named("simsiam").expect("a method");
    let all = narrow.iter().chain(assignments);
    all.fold(start, |settings, assignment| settings.set(assignment).expect("a setting"))
}

/// The views of a step, the same on every device.
fn views(method: &dyn Method, device: &Device, step: usize) -> Vec<Var> {
    let shapes = data::open("shapes", 0).expect("shapes need no file").train;
    let draw = |(view, recipe): (usize, methods::augment::Recipe)| {
        let pixels: Vec<f32> = (0..BATCH)
            .flat_map(|i| {
                let taken = step * BATCH + i;
                let (epoch, sample) = (taken / shapes.len(), taken % shapes.len());
                let image = shapes.image(sample).expect("shapes are drawn");
                recipe.apply(&image, 32, &mut key(0, epoch, sample, view)).pixels
            })
            .collect();
        Var::constant(Tensor::from_slice(device, [BATCH, 32, 32, 3], &pixels))
    };
    method.recipes().into_iter().enumerate().map(draw).collect()
}

/// Trains for some steps, from the first values or from given weights: the losses on the way and
/// the weights at the end.
fn train(
    device: &Device,
    settings: &Settings,
    from: Option<&Weights>,
    steps: usize,
) -> (Vec<f64>, Weights) {
    let method = build(settings, device).expect("a network");
    if let Some(weights) = from {
        weights.load_into("", &*method, Path::new("")).expect("weights of the same network");
    }
    let mut sgd = Sgd::new(method.sgd());
    let mut losses = Vec::new();
    for step in 0..steps {
        let at = Schedule { step, steps_per_epoch: steps, epochs: 1, batch: BATCH };
        let output = method.forward(&views(&*method, device, step));
        losses.push(output.loss.item());
        let gradients = output.loss.backward();
        sgd.step(&*method, &gradients, |name| method.learning_rate(name, &at))
            .expect("every trainable parameter has a gradient");
    }
    let mut weights = Weights::default();
    weights.collect("", &*method);
    (losses, weights)
}

/// From weights that have begun to learn: at first the loss is a mean of cosines around zero, and
/// relative errors of zero say nothing.
#[test]
fn ten_steps_agree_on_every_device() {
    let settings = settings(&["base_lr=0.2"]);
    let (_, begun) = train(&Device::cpu(), &settings, None, 60);
    let (expected, _) = train(&Device::reference(), &settings, Some(&begun), 10);
    for device in devices::single_precision("simsiam") {
        let (found, _) = train(&device, &settings, Some(&begun), 10);
        for (step, (found, expected)) in found.iter().zip(&expected).enumerate() {
            let error = (found - expected).abs() / expected.abs();
            assert!(error < 1e-4, "{device}, step {step}: {found}, expected {expected}");
        }
    }
}

/// Nothing behind the stop-gradient and no frozen part gets a gradient; everything else does.
#[test]
fn gradients_reach_what_they_should() {
    let device = Device::reference();
    let fixed = settings(&["predictor=fixed-random"]);
    let method = build(&fixed, &device).expect("a network");
    let gradients = method.forward(&views(&*method, &device, 0)).loss.backward();
    for (name, parameter) in method.parameters() {
        let found = gradients.get(&parameter.var()).is_ok();
        let expected = !name.starts_with("predictor.") && name != "projector.3.bias";
        assert_eq!(found, expected, "{name}");
    }
}

/// Without the stop-gradient the loss runs towards −1, where with it there is still much to learn.
#[test]
fn without_stop_gradient_the_loss_runs_away() {
    const STEPS: usize = 120;
    let device = Device::cpu();
    let (with, _) = train(&device, &settings(&[]), None, STEPS);
    let (without, _) = train(&device, &settings(&["stop_gradient=false"]), None, STEPS);
    assert_eq!(with[0], without[0], "the first loss is the same: only gradients differ");
    let end = |losses: &[f64]| losses[STEPS - 10..].iter().sum::<f64>() / 10.0;
    let (with, without) = (end(&with), end(&without));
    assert!(without < -0.8 && without < with - 0.15, "{without} without, {with} with");
}

/// The gradient of a whole step, along random directions through all parameters.
#[test]
fn a_whole_step_passes_the_gradient_check() {
    let device = Device::reference();
    let small = settings(&["stop_gradient=false", "encoder=resnet-small-w4", "views.gray_p=0"]);
    let method = build(&small, &device).expect("a network");
    let parameters: Vec<_> =
        method.parameters().into_iter().filter(|(_, p)| p.is_trainable()).collect();
    let values: Vec<Tensor> = parameters.iter().map(|(_, p)| p.var().value().clone()).collect();
    let views = views(&*method, &device, 0);
    let loss = |vars: &[Var]| {
        for ((_, parameter), var) in parameters.iter().zip(vars) {
            parameter.replace(var.clone());
        }
        method.forward(&views).loss
    };
    let worst = autodiff::gradcheck::along_directions(loss, &values, 3);
    worst.unwrap_or_else(|wrong| panic!("{wrong}"));
}
