//! The chapter on tensors as a program: one computation on three devices, shapes that broadcast
//! and shapes that do not, an error, the order of a sum, and what a GPU's runtime counts.
//!
//! `cargo run --release --example tensors`

use std::error::Error;
use std::panic;

use tensor::{Device, Shape, Tensor};

fn main() -> Result<(), Box<dyn Error>> {
    let gpu = Device::gpu();
    devices(gpu.as_ref().ok());
    broadcasting();
    an_error();
    sums()?;
    match gpu {
        Ok(gpu) => counters(&gpu),
        Err(error) => println!("\nNo GPU, so nothing to count: {error}"),
    }
    Ok(())
}

// ANCHOR: layer
/// A linear layer, a ReLU, and every row scaled to length one: `[64, 100] → [64, 50]`. Nothing in
/// it says where it runs, or in which precision.
fn layer(device: &Device) -> Tensor {
    let x = Tensor::from_slice(device, [64, 100], &values(64 * 100));
    let w = Tensor::from_slice(device, [100, 50], &values(100 * 50));
    let bias = Tensor::full(device, [50], 0.1);
    (x.matmul(&w) + bias).relu().l2_normalize(1e-12)
}
// ANCHOR_END: layer

fn devices(gpu: Option<&Device>) {
    println!("One layer on each device");
    let exact = layer(&Device::reference()).to_vec::<f64>();
    for device in [Device::reference(), Device::cpu()].iter().chain(gpu) {
        let found = layer(device).to_vec::<f64>();
        let differences = exact.iter().zip(&found).map(|(e, f)| (e - f).abs());
        let largest = differences.fold(0.0, f64::max);
        println!("  {device}: first {:.12}, largest difference {largest:.0e}", found[0]);
    }
}

fn broadcasting() {
    println!("\nBroadcasting");
    let pairs: [[&[usize]; 2]; 4] =
        [[&[8, 4, 4, 3], &[3]], [&[8, 1], &[1, 5]], [&[2, 3], &[]], [&[8, 3], &[8]]];
    for [a, b] in pairs.map(|pair| pair.map(Shape::from)) {
        match a.broadcast(&b) {
            Some(both) => println!("  {a} and {b} give {both}"),
            None => println!("  {a} and {b} do not fit"),
        }
    }
}

fn an_error() {
    println!("\nA wrong shape");
    let ones = |shape: [usize; 2]| Tensor::ones(&Device::cpu(), shape);
    let (x, w) = (ones([8, 3]), ones([4, 5]));
    // The message goes where the others go, and the program goes on.
    let loud = panic::take_hook();
    panic::set_hook(Box::new(|info| {
        let line = info.location().map_or(0, panic::Location::line);
        let message = info.payload().downcast_ref::<String>();
        println!("  line {line}: {}", message.map_or("?", String::as_str));
    }));
    let refused = panic::catch_unwind(|| x.matmul(&w));
    panic::set_hook(loud);
    assert!(refused.is_err(), "inner dimensions 3 and 4 are not the same");
}

/// The same sum on one thread and on eight.
fn sums() -> Result<(), Box<dyn Error>> {
    println!("\nA sum of a million numbers");
    let x = Tensor::from_slice(&Device::cpu(), [1_000_000], &values(1_000_000));
    for threads in [1, 8] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        let sum = pool.install(|| x.sum_all().item() as f32);
        println!("  {threads} threads: {sum}, bits {:#010x}", sum.to_bits());
    }
    let exact: f64 = values(1_000_000).iter().map(|&x| f64::from(x)).sum();
    println!("  in f64: {exact:.5}");
    let one_by_one: f32 = values(1_000_000).iter().sum();
    println!("  one by one: {one_by_one}, bits {:#010x}", one_by_one.to_bits());
    Ok(())
}

/// A hundred rounds that are read once at the end, and then a hundred more.
fn counters(gpu: &Device) {
    println!("\nWhat the runtime does for 100 rounds of 4 operations and one read");
    let count = || gpu.gpu_counters().expect("a GPU counts");
    let x = Tensor::ones(gpu, [64, 64]);
    for time in ["first", "second"] {
        let before = count();
        let mut y = x.clone();
        for _ in 0..100 {
            y = (y.matmul(&x) + 1.0).relu().l2_normalize(1e-12);
        }
        y.to_vec::<f32>();
        let after = count();
        println!(
            "  {time} time: {} runs, {} kernels compiled, {} buffers created, {} hand-overs, {} wait",
            after.dispatches - before.dispatches,
            after.pipelines - before.pipelines,
            after.buffers_created - before.buffers_created,
            after.submits - before.submits,
            after.readbacks - before.readbacks
        );
    }
}

/// Numbers in −½ … ½.
fn values(count: usize) -> Vec<f32> {
    (0..count).map(|i| ((i * 7919) % 1009) as f32 / 1009.0 - 0.5).collect()
}
