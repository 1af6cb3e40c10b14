//! Every operation against its meaning, its derivative against differences, every device against
//! the reference: `cargo test -p stopgrad-tests op_table`.

use std::process::Command;

use tensor::Device;
use tests::operations::{Case, Row, losses, table};
use tests::{checks, devices};

#[test]
fn op_table_values_are_what_the_definitions_say() {
    check_all("values", |case| checks::value(case).map(Some));
}

#[test]
fn op_table_derivatives_agree_with_differences() {
    check_all("derivatives", checks::derivative);
}

#[test]
fn op_table_the_cpu_agrees_with_the_reference() {
    check_all("values and gradients on the cpu", |case| {
        checks::parity(case, &Device::cpu()).map(Some)
    });
}

#[test]
fn op_table_the_gpu_agrees_with_the_reference() {
    if let Some(gpu) = devices::gpu("op_table") {
        check_all("values and gradients on the gpu", |case| checks::parity(case, &gpu).map(Some));
    }
}

/// The same within the limits of any browser, and with the shaders' checks on.
#[test]
fn op_table_portable_and_checked_kernels_agree() {
    if devices::gpu("op_table").is_some() {
        in_mode("portable,checked", "op_table_the_gpu_agrees_with_the_reference");
    }
}

/// Every kernel in every variant that the table has a case for, compiled and recorded where no
/// adapter is needed and nothing runs: with parameters as immediates, and as a uniform.
#[test]
fn op_table_kernels_are_valid_without_an_adapter() {
    let mode = std::env::var("STOPGRAD_GPU").unwrap_or_default();
    if !mode.contains("noop") {
        in_mode("noop", "op_table_kernels_are_valid_without_an_adapter");
        return in_mode("noop,portable", "op_table_kernels_are_valid_without_an_adapter");
    }
    let device = Device::gpu().expect("no driver is needed");
    check_all("kernels compiled", |case| checks::runs(case, &device).map(Some));
    let counters = device.gpu_counters().expect("it is a GPU's");
    println!("op_table: {} kernels, {mode}", counters.pipelines);
    assert!(counters.pipelines > 100, "only {} kernels were compiled", counters.pipelines);
}

/// Runs one of these tests in a process that opens the GPU otherwise: a process has one.
fn in_mode(mode: &str, test: &str) {
    if std::env::var_os("STOPGRAD_GPU").is_some() {
        return;
    }
    let this = std::env::current_exe().expect("a test knows its program");
    let run = Command::new(this).args(["--exact", test]).env("STOPGRAD_GPU", mode).output();
    let run = run.expect("a test can start itself");
    let text = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success() && text.contains("1 passed"), "STOPGRAD_GPU={mode}:\n{text}");
}

/// Runs a check over the whole table and fails with one line for each case that it does not hold
/// for. A check that does not apply to a case gives `None`.
fn check_all(what: &str, check: impl Fn(&Case) -> Result<Option<f64>, String>) {
    let (mut checked, mut failures) = (0, Vec::new());
    let rows: Vec<Row> = table().into_iter().chain(losses()).collect();
    for row in &rows {
        for case in &row.cases {
            match check(case) {
                Ok(Some(_)) => checked += 1,
                Ok(None) => {}
                Err(what) => failures.push(format!("{} on {}: {what}", row.name, case.label)),
            }
        }
    }
    println!("op_table: {what}: {} rows, {checked} cases hold", rows.len());
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n"));
}
