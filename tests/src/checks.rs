//! What is asked of every case of the table: its value is what the definition says, its
//! derivative agrees with differences, and every device agrees with the reference.
//!
//! Each check returns the error that it found, relative to the largest entry of the array, or
//! says in words what is wrong.

use autodiff::gradcheck;
use tensor::Device;

use crate::array::Array;
use crate::operations::Case;
use crate::panics;

/// The largest accepted error in `f64`, relative to the array's largest entry.
pub const DOUBLE: f64 = 1e-12;
/// The same in `f32`: twice what a sum of 20 000 terms of mixed sign loses.
pub const SINGLE: f64 = 1e-5;

/// The value on the reference device against the definition.
///
/// # Errors
/// What is wrong, in words.
pub fn value(case: &Case) -> Result<f64, String> {
    guarded(|| {
        let found = case.run_on(&Device::reference()).value;
        compare("value", &found, &case.expected, DOUBLE)
    })
}

/// The derivative against central differences; `None` where nothing is differentiated.
///
/// # Errors
/// The worst entry, in words.
pub fn derivative(case: &Case) -> Result<Option<f64>, String> {
    guarded(|| {
        let Some(f) = case.as_function() else { return Ok(None) };
        match gradcheck(f, &case.inputs_on(&Device::reference())) {
            Ok(worst) => Ok(Some(worst.error())),
            Err(wrong) => Err(wrong.to_string()),
        }
    })
}

/// Value and gradients on a device against those on the reference.
///
/// # Errors
/// What differs, in words.
pub fn parity(case: &Case, device: &Device) -> Result<f64, String> {
    guarded(|| {
        let (found, expected) = (case.run_on(device), case.run_on(&Device::reference()));
        let mut worst = compare("value", &found.value, &expected.value, SINGLE)?;
        for (i, (found, expected)) in found.gradients.iter().zip(&expected.gradients).enumerate() {
            let what = format!("gradient of input {i}");
            worst = worst.max(compare(&what, found, expected, SINGLE)?);
        }
        Ok(worst)
    })
}

/// Whether the case can be computed on a device at all, whatever comes out.
///
/// # Errors
/// What the device says.
pub fn runs(case: &Case, device: &Device) -> Result<f64, String> {
    guarded(|| {
        case.run_on(device);
        Ok(0.0)
    })
}

/// A panic in one operation is one more way to fail, and should not hide what the others do.
fn guarded<T>(check: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    panics::catch(check)
        .unwrap_or_else(|panic| Err(format!("{} ({}:{})", panic.text, panic.file, panic.line)))
}

fn compare(what: &str, found: &Array, expected: &Array, tolerance: f64) -> Result<f64, String> {
    if found.shape != expected.shape {
        return Err(format!("{what} has shape {:?}, not {:?}", found.shape, expected.shape));
    }
    let Some((i, error)) = found.worst(expected) else { return Ok(0.0) };
    let allowed = tolerance * expected.largest();
    if error > allowed {
        return Err(format!(
            "{what}: entry {i} is {:e}, not {:e}: off by {error:.1e}, allowed {allowed:.1e}",
            found.values[i], expected.values[i]
        ));
    }
    Ok(if error == 0.0 { 0.0 } else { error / expected.largest() })
}
