//! SimSiam from end to end: the devices agree, and the stop-gradient decides.

use autodiff::Var;
use methods::augment::key;
use methods::data;
use methods::method::Method;
use methods::train::{Schedule, Settings, Sgd, build};
use tensor::{Device, Tensor};
use tests::devices;

const BATCH: usize = 16;
const STEPS: usize = 10;

fn settings(assignments: &[&str]) -> Settings {
    let narrow = ["encoder=resnet-small-w8", "batch=16", "projector_dim=32", "predictor_hidden=8"];
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
                let image = shapes.image(step * BATCH + i).expect("shapes are drawn");
                recipe.apply(&image, 32, &mut key(0, 0, step * BATCH + i, view)).pixels
            })
            .collect();
        Var::constant(Tensor::from_slice(device, [BATCH, 32, 32, 3], &pixels))
    };
    method.recipes().into_iter().enumerate().map(draw).collect()
}

/// The losses of the first steps.
fn losses(device: &Device, settings: &Settings) -> Vec<f64> {
    let method = build(settings, device).expect("a network");
    let mut sgd = Sgd::new(method.sgd());
    (0..STEPS)
        .map(|step| {
            let at = Schedule { step, steps_per_epoch: STEPS, epochs: 1, batch: BATCH };
            let output = method.forward(&views(&*method, device, step));
            let loss = output.loss.item();
            let gradients = output.loss.backward();
            sgd.step(&*method, &gradients, |name| method.learning_rate(name, &at))
                .expect("every trainable parameter has a gradient");
            loss
        })
        .collect()
}

#[test]
fn ten_steps_agree_on_every_device() {
    let settings = settings(&[]);
    let expected = losses(&Device::reference(), &settings);
    for device in devices::single_precision("simsiam") {
        for (step, (found, expected)) in
            losses(&device, &settings).iter().zip(&expected).enumerate()
        {
            let error = (found - expected).abs() / expected.abs().max(0.1);
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

/// Without the stop-gradient the two sides run to each other at once.
#[test]
fn without_stop_gradient_the_loss_runs_away() {
    let device = Device::cpu();
    let with = losses(&device, &settings(&[]));
    let without = losses(&device, &settings(&["stop_gradient=false"]));
    assert_eq!(with[0], without[0], "the first loss is the same: only gradients differ");
    assert!(without[STEPS - 1] < with[STEPS - 1] - 0.1, "{without:?} and {with:?}");
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
