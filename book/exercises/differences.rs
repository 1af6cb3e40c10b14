//! What breaks if a difference is taken on one side, with a very small step?
//!
//! The one side leaves an error as large as the step, and a small step leaves few digits of the
//! difference. Nine digits are to be had.

// ANCHOR: differences
/// The derivative of `f` at `x`, from values of `f` alone.
pub fn derivative(f: fn(f64) -> f64, x: f64) -> f64 {
    let step = 1e-8;
    (f(x + step) - f(x)) / step
}
// ANCHOR_END: differences

/// Derivatives that are known by heart, to nine digits.
pub fn check(derivative: fn(fn(f64) -> f64, f64) -> f64) {
    for x in [-1.3, 0.2, 1.0, 2.1] {
        let pairs = [
            ("exp", derivative(f64::exp, x), x.exp()),
            ("sin", derivative(f64::sin, x), x.cos()),
            ("tanh", derivative(f64::tanh, x), 1.0 - x.tanh().powi(2)),
        ];
        for (name, found, exact) in pairs {
            assert!((found - exact).abs() < 1e-9, "{name} at {x}: {found} and not {exact}");
        }
    }
}
