//! What breaks if rows are normalised in place of columns?
//!
//! A correlation compares two features over the batch. Scaled to unit length, each picture is
//! compared with itself.

use autodiff::Var;

// ANCHOR: cross_correlation
/// The correlations `[d, d]` of the features of two views, `[n, d]` each, over the batch.
pub fn cross_correlation(a: &Var, b: &Var) -> Var {
    let n = a.shape()[0] as f64;
    let (a, b) = (a.l2_normalize(1e-12), b.l2_normalize(1e-12));
    a.matmul_with(&b, true, false) / n
}
// ANCHOR_END: cross_correlation

/// Features that differ in scale and offset only correlate fully; independent ones do not.
pub fn check(cross_correlation: fn(&Var, &Var) -> Var) {
    let a = crate::leaf([4, 2], &[1.0, 1.0, 1.0, -1.0, -1.0, 1.0, -1.0, -1.0]);
    let b = (&a * 3.0) + 5.0;
    crate::close(cross_correlation(&a, &b).value(), &[1.0, 0.0, 0.0, 1.0]);
    crate::close(cross_correlation(&a, &-b).value(), &[-1.0, 0.0, 0.0, -1.0]);
}
