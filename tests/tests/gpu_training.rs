//! A training loop in its stride asks the driver for nothing and does not grow. Counters belong to
//! the process, so this program has one test only.

use autodiff::Var;
use methods::train::{Sgd, SgdConfig};
use models::layers::{BatchNorm, Conv2d, Linear};
use models::{Init, Module, Parts};
use tensor::{Device, Pool2d, Tensor};
use tests::devices;

/// A convolution, a batch norm, a pooling and a linear layer.
struct Net {
    conv: Conv2d,
    norm: BatchNorm,
    head: Linear,
}

impl Net {
    fn new(device: &Device) -> Self {
        let mut init = Init::new(device, 0);
        Net {
            conv: Conv2d::new(&mut init, 3, 8, 3, 1),
            norm: BatchNorm::new(device, 8),
            head: Linear::new(&mut init, 8, 4, true),
        }
    }

    fn forward(&self, x: &Var) -> Var {
        let y = self.norm.forward(&self.conv.forward(x)).relu();
        self.head.forward(&y.max_pool2d(Pool2d::new(2, 2, 0)).mean(&[1, 2], false))
    }
}

impl Module for Net {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        parts.module("conv", &self.conv);
        parts.module("norm", &self.norm);
        parts.module("head", &self.head);
    }
}

#[test]
fn a_thousand_steps_take_no_more_than_three() {
    const STEPS: usize = 1000;
    let Some(device) = devices::gpu("gpu_training") else { return };
    let counters = || device.gpu_counters().expect("a GPU counts");
    let net = Net::new(&device);
    let mut sgd = Sgd::new(SgdConfig { momentum: 0.9, weight_decay: 1e-4 });
    let images: Vec<f32> = (0..4 * 8 * 8 * 3).map(|i| (0.37 * i as f32).sin()).collect();
    let mut step = || {
        let x = Var::constant(Tensor::from_slice(&device, [4, 8, 8, 3], &images));
        let y = net.forward(&x) - 1.0;
        let loss = (&y * &y).mean_all();
        let value = loss.value().clone();
        let gradients = loss.backward();
        sgd.step(&net, &gradients, |_| 0.05).expect("the loss reaches every parameter");
        value
    };

    let first = step().item();
    step();
    step();
    let before = counters();
    let mut resident = 0;
    for i in 3..STEPS {
        step();
        if i == STEPS / 2 {
            resident = resident_bytes();
        }
    }
    let after = counters();

    assert_eq!(after.pipelines, before.pipelines);
    assert_eq!(after.buffers_created, before.buffers_created);
    assert_eq!(after.buffers_alive, before.buffers_alive);
    assert_eq!(after.bytes, before.bytes);
    assert_eq!(after.readbacks, before.readbacks, "a step reads nothing back");
    let grown = resident_bytes().saturating_sub(resident);
    assert!(grown < 4 << 20, "the process grew by {grown} bytes over {} steps", STEPS / 2);
    let last = step().item();
    assert!(last < 0.01 * first, "the loss fell from {first} to {last}");
}

/// The memory of this process; 0 where the system does not tell.
fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok());
    kilobytes.unwrap_or(0) * 1024
}
