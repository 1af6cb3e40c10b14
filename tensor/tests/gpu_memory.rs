//! What the GPU's runtime holds on to.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tensor::{Conv2d, Device, Kernel, Tensor};

/// A kernel that is not the crate's.
const HALVE: &str = "
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(1)
fn main() {
    y[0] = 0.5 * x[0];
}";

/// The GPU, for one test at a time: counters belong to the process.
fn gpu() -> Option<(Device, MutexGuard<'static, ()>)> {
    static ALONE: Mutex<()> = Mutex::new(());
    match Device::gpu() {
        Ok(device) => Some((device, ALONE.lock().unwrap_or_else(PoisonError::into_inner))),
        Err(error) if std::env::var_os("REQUIRE_GPU").is_some_and(|value| value == "1") => {
            panic!("REQUIRE_GPU=1: {error}")
        }
        Err(error) => {
            eprintln!("SKIPPED: {error}");
            None
        }
    }
}

#[test]
fn ten_thousand_tensors_go_back_to_the_pool() {
    const COUNT: usize = 10_000;
    let Some((device, _alone)) = gpu() else { return };
    let counters = || device.gpu_counters().expect("a GPU counts");
    let make = || -> Vec<Tensor> {
        (0..COUNT).map(|i| Tensor::full(&device, [i % 64 + 1], i as f64)).collect()
    };
    let before = counters();
    let tensors = make();
    let full = counters();
    assert_eq!(full.buffers_alive, before.buffers_alive + COUNT as u64);
    assert!(full.bytes - before.bytes <= 256 * COUNT as u64, "{full:?}");
    for i in [0, COUNT / 2, COUNT - 1] {
        assert!(tensors[i].to_vec::<f64>().iter().all(|&x| x == i as f64), "tensor {i}");
    }
    drop(tensors);
    assert_eq!(counters().buffers_alive, before.buffers_alive);
    // The second ten thousand live in the first ones' buffers.
    drop(make());
    let after = counters();
    assert_eq!((after.buffers_created, after.bytes), (full.buffers_created, full.bytes));
    assert_eq!(after.buffers_alive, before.buffers_alive);
}

#[test]
fn a_loop_in_its_stride_asks_the_driver_for_nothing() {
    let Some((device, _alone)) = gpu() else { return };
    let counters = || device.gpu_counters().expect("a GPU counts");
    let weight = Tensor::full(&device, [3, 3, 4, 8], 0.1);
    let halve = Kernel::new("halve", HALVE);
    let host = vec![0.5f32; 8 * 16 * 16 * 4];
    let round = || {
        let x = Tensor::from_slice(&device, [8, 16, 16, 4], &host);
        let y = x.conv2d(&weight, Conv2d::new(1, 1));
        let (mean, var) = y.batch_stats();
        let z = (&y - &mean) / (var + 1e-5).sqrt();
        let dw = x.conv2d_weight_grad(&weight, &z, Conv2d::new(1, 1));
        let sum = z.mean_all() + dw.mean_all();
        halve.run(&device, &[&sum], [], &[], [1, 1]).expect("it compiles").item()
    };
    let first: Vec<f64> = (0..3).map(|_| round()).collect();
    let before = counters();
    let later: Vec<f64> = (0..20).map(|_| round()).collect();
    let after = counters();

    assert!(later.iter().all(|x| *x == first[0]), "{first:?} {later:?}");
    assert_eq!(after.buffers_created, before.buffers_created);
    assert_eq!(after.bytes, before.bytes);
    assert_eq!(after.buffers_alive, before.buffers_alive);
    assert_eq!(after.pipelines, before.pipelines);
    assert_eq!(after.readbacks - before.readbacks, 20);
    assert!(after.peak_bytes <= after.bytes);
}
