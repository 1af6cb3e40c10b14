//! Every kernel, in every variant that the table of operations reaches, is compiled and validated
//! without an adapter, by wgpu's `noop` backend: it takes each shader through naga, each pipeline,
//! binding and dispatch through the checks of WebGPU, and runs nothing. That it finds a broken
//! kernel is tested beside `tensor/src/gpu/shader.rs`.

use tensor::Device;
use tests::operations::{losses, table};
use tests::{devices, panics};

/// With all that an adapter can have: parameters travel as immediates.
#[test]
fn kernels_are_valid_where_an_adapter_has_everything() {
    devices::again_with("noop", "all_kernels");
}

/// With WebGPU's default limits and no features: parameters lie in a uniform buffer.
#[test]
fn kernels_are_valid_within_webgpus_limits() {
    devices::again_with("noop,portable", "all_kernels");
}

/// Runs in the processes that the other tests start.
#[test]
fn all_kernels() {
    if !devices::has_mode() {
        return;
    }
    let device = Device::gpu().expect("no driver is needed");
    let mut failures = Vec::new();
    for row in table().into_iter().chain(losses()) {
        for case in &row.cases {
            if let Err(panic) = panics::catch(|| case.run_on(&device)) {
                failures.push(format!("{} on {}: {}", row.name, case.label, panic.text));
            }
        }
    }
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n"));
    let counters = device.gpu_counters().expect("a GPU counts");
    assert!(counters.pipelines >= 30, "only {} pipelines were made", counters.pipelines);
}
