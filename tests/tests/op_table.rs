//! Every operation against its meaning, its derivative against differences, every device against
//! the reference: `cargo test -p stopgrad-tests op_table`.

use autodiff::gradcheck;
use tensor::Device;
use tests::array::Array;
use tests::devices;
use tests::operations::{Case, table};
use tests::panics;

/// The largest accepted error in `f64`, relative to the array's largest entry.
const DOUBLE: f64 = 1e-12;
/// The same in `f32`: twice what a sum of 20 000 terms of mixed sign loses.
const SINGLE: f64 = 1e-5;

#[test]
fn op_table_values_are_what_the_definitions_say() {
    check_all(|case| {
        let found = case.run_on(&Device::reference()).value;
        compare("value", &found, &case.expected, DOUBLE)
    });
}

#[test]
fn op_table_derivatives_agree_with_differences() {
    check_all(|case| {
        let Some(f) = case.as_function() else { return Ok(()) };
        match gradcheck(f, &case.inputs_on(&Device::reference())) {
            Ok(_) => Ok(()),
            Err(wrong) => Err(wrong.to_string()),
        }
    });
}

#[test]
fn op_table_the_cpu_agrees_with_the_reference() {
    agrees_with_the_reference(&Device::cpu());
}

#[test]
fn op_table_the_gpu_agrees_with_the_reference() {
    if let Some(gpu) = devices::gpu("op_table") {
        agrees_with_the_reference(&gpu);
    }
}

fn agrees_with_the_reference(device: &Device) {
    check_all(|case| {
        let (found, expected) = (case.run_on(device), case.run_on(&Device::reference()));
        compare("value", &found.value, &expected.value, SINGLE)?;
        for (i, (found, expected)) in found.gradients.iter().zip(&expected.gradients).enumerate() {
            compare(&format!("gradient of input {i}"), found, expected, SINGLE)?;
        }
        Ok(())
    });
}

/// Runs a check over the whole table and fails with one line for each case that it does not hold
/// for.
fn check_all(check: impl Fn(&Case) -> Result<(), String>) {
    let mut failures = Vec::new();
    for row in table() {
        for case in &row.cases {
            // A panic in one operation should not hide what the others do.
            let what = match panics::catch(|| check(case)) {
                Ok(Ok(())) => continue,
                Ok(Err(what)) => what,
                Err(panic) => format!("{} ({}:{})", panic.text, panic.file, panic.line),
            };
            failures.push(format!("{} on {}: {what}", row.name, case.label));
        }
    }
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n"));
}

fn compare(what: &str, found: &Array, expected: &Array, tolerance: f64) -> Result<(), String> {
    if found.shape != expected.shape {
        return Err(format!("{what} has shape {:?}, not {:?}", found.shape, expected.shape));
    }
    let Some((i, error)) = found.worst(expected) else { return Ok(()) };
    let allowed = tolerance * expected.largest();
    if error <= allowed {
        return Ok(());
    }
    Err(format!(
        "{what}: entry {i} is {:e}, not {:e}: off by {error:.1e}, allowed {allowed:.1e}",
        found.values[i], expected.values[i]
    ))
}
