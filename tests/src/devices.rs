//! The devices that a test runs on.

use std::env;
use std::io::Write;
use std::process::Command;

use tensor::Device;

/// The environment variable that opens the GPU otherwise.
const MODE: &str = "STOPGRAD_GPU";

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
        Err(error) if env::var("REQUIRE_GPU").is_ok_and(|value| value == "1") => {
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

/// Runs one test of this program again, in a process of its own whose GPU is opened otherwise:
/// `mode` is the value of `STOPGRAD_GPU`.
///
/// # Panics
/// Where the test does not pass there.
pub fn again_with(mode: &str, test: &str) {
    let program = env::current_exe().expect("a test knows its program");
    let run = Command::new(program).args(["--exact", test]).env(MODE, mode).output();
    let run = run.expect("a test can start itself");
    let text = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success() && text.contains("1 passed"), "{MODE}={mode}:\n{text}");
}

/// Whether this process is one that [`again_with`] started, or was started like one.
pub fn has_mode() -> bool {
    env::var_os(MODE).is_some()
}
