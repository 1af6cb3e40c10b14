//! What every method's step is made of: where gradients go and where they do not, its graph, and
//! its gradient as a whole.

use autodiff::gradcheck::along_directions;
use autodiff::{Var, graph};
use methods::method::Method;
use methods::registry::METHODS;
use methods::train::{Schedule, Settings, build};
use tensor::{Device, Tensor};
use tests::small::{settings, views};

/// A method, what is changed of its small settings, and the parameters that get no gradient: each
/// is named, or the beginning of its name is. All others get one.
const STILL: &[(&str, &[&str], &[&str])] = &[
    ("barlow-twins", &[], &[]),
    ("byol", &[], &["target."]),
    ("byol", &["target=online"], &[]),
    ("byol", &["projector_norm=ln", "predictor_norm=none"], &["target."]),
    ("byol", &["target=fixed-random", "predictor=false"], &["target."]),
    ("dino", &["norm_last_layer=false", "encoder=resnet-small-w4"], &["teacher."]),
    ("dino", &[], &["teacher.", "head.last_layer.weight_g"]),
    ("ibot", &["koleo=0.1"], &["teacher.", "head.last_layer.weight_g"]),
    ("ibot", &["shared_head=false", "norm_last_layer=false"], &["teacher."]),
    ("lejepa", &[], &[]),
    ("moco-v2", &["mlp=false", "bn_groups=1", "shuffle_bn=false"], &["momentum."]),
    ("moco-v2", &[], &["momentum."]),
    ("moco-v3", &["encoder=resnet-small-w8", "stop_gradient=false"], &["momentum."]),
    ("moco-v3", &["stop_grad_conv1=false"], &["momentum.", "encoder.pos_embed"]),
    ("moco-v3", &[], &["momentum.", "encoder.patch_embed.", "encoder.pos_embed"]),
    ("simclr", &["encoder=resnet-small-ln-w8", "projector_norm=none"], &[]),
    ("simclr", &["encoder=resnet-small-nonorm-w8", "projector_norm=ln"], &[]),
    ("simclr", &[], &[]),
    ("simsiam", &[], &["projector.3.bias"]),
    ("simsiam", &["target=ema", "predictor=none"], &["projector.3.bias", "target."]),
    ("simsiam", &["predictor=fixed-random"], &["projector.3.bias", "predictor."]),
    ("swav", &[], &[]),
    ("vicreg", &[], &[]),
];

/// What makes each method's step differentiable as a whole: a loss that looks through a `detach`
/// has another slope than its gradient says.
const WHOLE: &[(&str, &[&str])] = &[
    ("barlow-twins", &[]),
    ("byol", &[]),
    ("dino", &[]),
    ("ibot", &["koleo=0.1"]),
    ("lejepa", &[]),
    ("moco-v2", &["m=1.0"]),
    ("moco-v3", &["m=1.0"]),
    ("simclr", &[]),
    ("simsiam", &["stop_gradient=false"]),
    ("swav", &["stop_gradient=false"]),
    ("vicreg", &[]),
];

/// A step of a method with a tiny encoder.
struct Step {
    method: Box<dyn Method>,
    views: Vec<Var>,
    at: Schedule,
}

impl Step {
    fn new(settings: &Settings) -> Self {
        let device = Device::reference();
        let method = build(settings, &device).expect("a network");
        let views = views(&*method, settings, &device, 0);
        let at = Schedule { step: 1, steps_per_epoch: 4, epochs: 2, batch: 8, seed: 0 };
        Step { method, views, at }
    }

    fn loss(&self) -> Var {
        self.method.at_step(self.at.step);
        self.method.before_step(&self.at);
        self.method.forward(&self.views, &self.at).loss
    }
}

fn tiny(method: &str, assignments: &[&str]) -> Settings {
    settings(method, &[&["batch=8"], assignments].concat())
}

/// The graph of a step, drawn, is `snapshots/structure__NAME.snap`.
#[test]
fn graphs_are_as_drawn() {
    for name in METHODS {
        let step = Step::new(&tiny(name, &[]));
        insta::assert_snapshot!(*name, graph::mermaid(&step.loss()));
    }
}

#[test]
fn gradients_reach_what_they_should() {
    for name in METHODS {
        assert!(STILL.iter().any(|(method, ..)| method == name), "{name} has no row");
    }
    for (name, assignments, still) in STILL {
        let step = Step::new(&tiny(name, assignments));
        let gradients = step.loss().backward();
        for (parameter, leaf) in step.method.parameters() {
            let found = gradients.get(&leaf.var()).is_ok();
            let expected = !still.iter().any(|start| parameter.starts_with(start));
            assert_eq!(found, expected, "{name} {assignments:?}: {parameter}");
        }
    }
}

/// Along random directions through all trainable parameters at once.
#[test]
fn whole_steps_pass_the_gradient_check() {
    for name in METHODS {
        let (_, assignments) = WHOLE
            .iter()
            .find(|(method, _)| method == name)
            .unwrap_or_else(|| panic!("{name} has no row"));
        let step = Step::new(&tiny(name, assignments));
        let parameters: Vec<_> =
            step.method.parameters().into_iter().filter(|(_, p)| p.is_trainable()).collect();
        let values: Vec<Tensor> = parameters.iter().map(|(_, p)| p.var().value().clone()).collect();
        let loss = |vars: &[Var]| {
            for ((_, parameter), var) in parameters.iter().zip(vars) {
                parameter.replace(var.clone());
            }
            step.loss()
        };
        along_directions(loss, &values, 3).unwrap_or_else(|wrong| panic!("{name}: {wrong}"));
    }
}
