//! A training loop on the GPU in its stride: nothing is compiled, nothing is allocated, and memory
//! stays as it is. Counters belong to the process, so this program has one test only.

use methods::losses::negative_cosine;
use methods::train::{Clip, Descent, Optimizer, Rates};
use models::layers::{BatchNorm, Conv2d, Linear};
use models::{Init, Module, Parts};
use tensor::{Device, GpuCounters, Tensor};
use tests::devices;

use autodiff::Var;

/// Large enough to have every part of a step, small enough for a thousand of them.
struct Net {
    conv: Conv2d,
    bn: BatchNorm,
    head: Linear,
}

impl Net {
    fn new(device: &Device) -> Self {
        let mut init = Init::new(device, 0);
        Net {
            conv: Conv2d::new(&mut init, 3, 4, 3, 1),
            bn: BatchNorm::new(device, 4),
            head: Linear::new(&mut init, 4, 5, true),
        }
    }

    fn forward(&self, x: &Var) -> Var {
        self.head.forward(&self.bn.forward(&self.conv.forward(x)).relu().global_avg_pool())
    }
}

impl Module for Net {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        parts.module("conv", &self.conv);
        parts.module("bn", &self.bn);
        parts.module("head", &self.head);
    }
}

#[test]
fn a_thousand_steps_hold_no_more_than_three() {
    let Some(device) = devices::gpu("gpu_steps") else { return };
    let net = Net::new(&device);
    let optimizer = Optimizer::Sgd { momentum: 0.9, nesterov: false };
    let mut descent = Descent::new(optimizer, Clip::Global(1.0));
    let rates = Rates { lr: 0.01, weight_decay: 1e-4 };
    let pixels: Vec<f32> = (0..4 * 6 * 6 * 3).map(|i| (0.7 * i as f32).sin()).collect();
    let mut step = || {
        let view =
            |pixels: &[f32]| Var::constant(Tensor::from_slice(&device, [4, 6, 6, 3], pixels));
        let (p, z) = (net.forward(&view(&pixels)), net.forward(&view(&pixels)));
        let gradients = negative_cosine(&p, &z.detach()).backward();
        descent.step(&net, &gradients, |_| Some(rates)).expect("every parameter has a gradient");
    };
    let counters = || device.gpu_counters().expect("a GPU counts");
    (0..3).for_each(|_| step());
    let third = counters();
    (3..500).for_each(|_| step());
    let half = counters();
    (500..1000).for_each(|_| step());
    let last = counters();

    let held = |c: GpuCounters| [c.pipelines, c.buffers_created, c.buffers_alive, c.bytes];
    assert_eq!(held(last), held(third), "pipelines, buffers made and alive, bytes");
    assert_eq!(last.readbacks, third.readbacks, "a step reads nothing back");
    assert_eq!(last.groups_created, half.groups_created, "the same buffers come round again");
    println!(
        "gpu_steps: {} kernels a step, {} buffers, {} bytes after 3 steps and after 1000",
        (last.dispatches - third.dispatches) / 997,
        last.buffers_created,
        last.bytes
    );
}
