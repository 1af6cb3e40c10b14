//! The devices that a test runs on.

use std::io::Write;

use tensor::Device;

/// The devices that compute in `f32`: the CPU, and the GPU where [`gpu`] finds one.
pub fn single_precision(test: &str) -> Vec<Device> {
    std::iter::once(Device::cpu()).chain(gpu(test)).collect()
}

/// The GPU. Where no adapter opens the test named `test` goes on without it and says so, unless
/// the environment has `REQUIRE_GPU=1`.
///
/// # Panics
/// Where `REQUIRE_GPU=1` and there is no GPU.
pub fn gpu(test: &str) -> Option<Device> {
    match Device::gpu() {
        Ok(device) => Some(device),
        Err(error) if std::env::var("REQUIRE_GPU").is_ok_and(|value| value == "1") => {
            panic!("{test}: REQUIRE_GPU=1, but {error}")
        }
        Err(error) => {
            // Straight to the stream: the test harness hides what a passing test prints.
            let line = format!("{test}: not run on the GPU: {error}\n");
            std::io::stderr().write_all(line.as_bytes()).ok();
            None
        }
    }
}
