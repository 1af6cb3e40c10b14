//! The chapter on speed as a program: a convolution and its gradients, profiled on the processor.
//!
//! `cargo run --release --example where_the_time_goes`

use autodiff::Var;
use tensor::profile::Cost;
use tensor::{Conv2d, Device, Random, Tensor, profile};

fn main() {
    tensor::lead_from_this_thread();
    println!("{:<20}{:>8}{:>10}{:>10}{:>8}", "operation", "calls", "ms", "GFLOP/s", "GB/s");
    for (name, cost) in costs() {
        let Cost { calls, seconds, flops, bytes } = cost;
        let [gflops, gbytes] = [flops, bytes].map(|amount| amount / seconds / 1e9);
        println!("{name:<20}{calls:>8}{:>10.2}{gflops:>10.0}{gbytes:>8.1}", 1e3 * seconds);
    }
}

// ANCHOR: profile
/// What each operation of a convolution, a ReLU and their gradients costs, over three repetitions
/// behind one that does not count.
fn costs() -> Vec<(&'static str, Cost)> {
    let normal = |shape: [usize; 4], stream| {
        Var::leaf(Tensor::normal(&Device::cpu(), shape, Random { seed: 0, stream }))
    };
    let (x, w) = (normal([16, 32, 32, 64], 0), normal([3, 3, 64, 64], 1));
    let step = || x.conv2d(&w, Conv2d::new(1, 1)).relu().sum_all().backward();
    step();
    profile::start();
    for _ in 0..3 {
        step();
    }
    profile::stop().into_iter().map(|((name, _), cost)| (name, cost)).collect()
}
// ANCHOR_END: profile
