//! The profile of the GPU's kernels. What is counted belongs to the process, so this program has
//! one test only.

use tensor::{Random, Tensor, profile};
use tests::devices;

#[test]
fn a_product_is_timed_by_the_gpus_clock() {
    let Some(gpu) = devices::gpu("gpu_profile") else { return };
    if !gpu.adapter().is_some_and(|adapter| adapter.has_clock) {
        return println!("gpu_profile: skipped, the adapter has no clock");
    }
    let [a, b] = [0, 1].map(|stream| Tensor::normal(&gpu, [64, 64], Random { seed: 0, stream }));
    let _before = a.matmul(&b);
    profile::start();
    let first = a.matmul(&b);
    let _second = a.matmul(&b).relu();
    let costs = profile::stop();
    let _after = a.matmul(&b);

    let names: Vec<&str> = costs.keys().map(|(name, _)| *name).collect();
    assert_eq!(names, ["matmul", "relu"]);
    let cost = costs[&("matmul", "[64, 64] [64, 64]".to_owned())];
    assert_eq!((cost.calls, cost.flops), (2, 4.0 * 64f64.powi(3)));
    assert_eq!(cost.bytes, 2.0 * 3.0 * 4.0 * 64.0 * 64.0);
    assert!(cost.seconds > 0.0 && cost.seconds < 60.0, "{} s", cost.seconds);
    // A kernel in a pass of its own computes what it computes among others.
    assert_eq!(first.to_vec::<f32>(), a.matmul(&b).to_vec::<f32>());
    assert!(profile::stop().is_empty(), "nothing is counted when nobody counts");
}
