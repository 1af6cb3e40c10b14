//! What the GPU's runtime holds on to. Counters belong to the process, so this program has one
//! test only.

use tensor::{Conv2d, Device, Kernel, Tensor};

/// A kernel that is not the crate's.
const HALVE: &str = "
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(1)
fn main() {
    y[0] = 0.5 * x[0];
}";

#[test]
fn a_loop_in_its_stride_asks_the_driver_for_nothing() {
    let device = match Device::gpu() {
        Ok(device) => device,
        Err(error) if std::env::var_os("REQUIRE_GPU").is_some_and(|value| value == "1") => {
            panic!("REQUIRE_GPU=1: {error}")
        }
        Err(error) => return eprintln!("SKIPPED: {error}"),
    };
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

    many_small_tensors(&device);
}

/// Ten thousand tensors at once get a buffer each, and the next ten thousand the same ones.
fn many_small_tensors(device: &Device) {
    let counters = || device.gpu_counters().expect("a GPU counts");
    let round = || {
        let tensors: Vec<Tensor> =
            (0..10_000).map(|i| Tensor::full(device, [3], f64::from(i))).collect();
        let alive = counters().buffers_alive;
        assert_eq!(tensors[9_999].to_vec::<f32>(), [9_999.0; 3]);
        alive
    };
    let before = counters();
    assert_eq!(round(), before.buffers_alive + 10_000);
    let between = counters();
    assert_eq!(between.buffers_alive, before.buffers_alive);
    round();
    assert_eq!(counters().buffers_created, between.buffers_created);
}
