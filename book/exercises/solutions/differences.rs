//! On both sides the error is the step's square, so the step may be large enough to keep its
//! digits.

pub fn derivative(f: fn(f64) -> f64, x: f64) -> f64 {
    let step = 1e-5;
    (f(x + step) - f(x - step)) / (2.0 * step)
}
