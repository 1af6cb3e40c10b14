//! Whole training steps on random images.

use std::collections::BTreeMap;

use autodiff::Var;
use models::heads::{Mlp, moco_v3_head};
use models::vit::{Vit, VitConfig};
use models::{Encoder, EncoderConfig, Init, Module, Parts};
use tensor::update::{self, AdamW, Ema};
use tensor::{Device, Tensor};

use super::Work;
use super::operations::normal;
use crate::method::Method;
use crate::simsiam::{Config, SimSiam};
use crate::train::{Sgd, SgdConfig};

const BATCH: usize = 64;

fn views(device: &Device) -> [Var; 2] {
    [0, 1].map(|stream| Var::constant(normal(device, [BATCH, 32, 32, 3], stream)))
}

/// SimSiam with the paper's heads on a ResNet-18 for small images.
pub(super) fn simsiam_resnet18(device: &Device) -> Work {
    let mut init = Init::new(device, 0);
    let encoder: EncoderConfig = "resnet18-cifar".parse().expect("an encoder's name");
    let encoder: Encoder = encoder.build(&mut init);
    let config = Config {
        projector_layers: 3,
        projector_dim: 2048,
        predictor_hidden: 512,
        ..Config::default()
    };
    let method = SimSiam::new(&mut init, encoder, &config);
    let mut sgd = Sgd::new(SgdConfig { momentum: 0.9, weight_decay: 1e-4 });
    let views = views(device);
    Work::new("simsiam-resnet18", BATCH, move || {
        let loss = method.forward(&views).loss;
        let value = loss.value().clone();
        let gradients = loss.backward();
        sgd.step(&method, &gradients, |_| 0.0125).expect("the loss reaches every parameter");
        value
    })
}

/// MoCo-v3's encoder, projector and predictor; the momentum network has the first two.
struct Network {
    encoder: Vit,
    projector: Mlp,
    predictor: Option<Mlp>,
}

impl Network {
    fn new(init: &mut Init, with_predictor: bool) -> Self {
        let config = VitConfig { patch: 4, ..VitConfig::tiny() }.for_images([32; 2]);
        let encoder = Vit::new(init, &config.expect("patches of 4 tile 32 pixels"));
        let projector = moco_v3_head(init, [encoder.features(), 1024, 256], 3, true);
        let predictor = with_predictor.then(|| moco_v3_head(init, [256, 1024, 256], 2, true));
        Network { encoder, projector, predictor }
    }

    fn forward(&self, x: &Var) -> Var {
        let z = self.projector.forward(&self.encoder.forward(x));
        self.predictor.as_ref().map_or(z.clone(), |predictor| predictor.forward(&z))
    }
}

impl Module for Network {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        parts.module("encoder", &self.encoder);
        parts.module("projector", &self.projector);
        if let Some(predictor) = &self.predictor {
            parts.module("predictor", predictor);
        }
    }
}

/// MoCo-v3 on a ViT-Tiny with patches of 4 pixels.
pub(super) fn moco_v3_vit_tiny(device: &Device) -> Work {
    let base = Network::new(&mut Init::new(device, 0), true);
    let momentum = Network::new(&mut Init::new(device, 0), false);
    for (_, parameter) in momentum.parameters() {
        parameter.replace(Var::constant(parameter.var().value().clone()));
    }
    let labels: Vec<f32> = (0..BATCH).map(|i| i as f32).collect();
    let labels = Tensor::from_slice(device, [BATCH], &labels);
    let views = views(device);
    let mut memory: BTreeMap<String, [Tensor; 2]> = BTreeMap::new();
    let mut step = 0;
    Work::new("moco-v3-vit-tiny", BATCH, move || {
        let q = views.each_ref().map(|x| base.forward(x).l2_normalize(1e-12));
        let k = views.each_ref().map(|x| momentum.forward(x).l2_normalize(1e-12));
        let contrast =
            |q: &Var, k: &Var| (q.matmul_nt(k) * (1.0 / 0.2)).cross_entropy(&labels) * 0.4;
        let loss = contrast(&q[0], &k[1]) + contrast(&q[1], &k[0]);
        let value = loss.value().clone();
        let gradients = loss.backward();
        step += 1;
        adamw(&base, &gradients, &mut memory, step);
        ema(&momentum, &base);
        value
    })
}

fn adamw(
    network: &Network,
    gradients: &autodiff::Gradients,
    memory: &mut BTreeMap<String, [Tensor; 2]>,
    step: u64,
) {
    let rule = AdamW { lr: 1e-4, betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0.1, step };
    let parameters: Vec<_> =
        network.parameters().into_iter().filter(|(_, p)| p.is_trainable()).collect();
    let vars: Vec<Var> = parameters.iter().map(|(_, p)| p.var()).collect();
    for ((name, _), var) in parameters.iter().zip(&vars) {
        let zeros = || Tensor::zeros(var.device(), var.shape());
        memory.entry(name.clone()).or_insert_with(|| [zeros(), zeros()]);
    }
    let jobs: Vec<_> = parameters
        .iter()
        .zip(&vars)
        .map(|((name, _), var)| {
            let gradient = gradients.get(var).expect("the loss reaches every parameter");
            let [m, v] = &memory[name];
            (rule, [var.value(), gradient, m, v])
        })
        .collect();
    let stepped = update::step(&jobs);
    for ((name, parameter), [p, m, v]) in parameters.into_iter().zip(stepped) {
        parameter.set(p);
        memory.insert(name, [m, v]);
    }
}

fn ema(momentum: &Network, base: &Network) {
    let teacher = momentum.parameters();
    let student: BTreeMap<String, Var> =
        base.parameters().into_iter().map(|(name, p)| (name, p.var())).collect();
    let old: Vec<Var> = teacher.iter().map(|(_, p)| p.var()).collect();
    let pairs = teacher.iter().zip(&old);
    let jobs: Vec<_> = pairs
        .map(|((name, _), old)| (Ema { momentum: 0.99 }, [old.value(), student[name].value()]))
        .collect();
    for ((_, parameter), [next]) in teacher.iter().zip(update::step(&jobs)) {
        parameter.set(next);
    }
}
