//! What breaks if computing and fetching are thought of as one after the other?
//!
//! A processor does both at once: while it multiplies, the memory delivers. How long does an
//! operation take at best?

// ANCHOR: two_limits
/// The least time for so many operations on so many bytes, by what a machine does of either in a
/// second.
pub fn seconds(operations: f64, bytes: f64, per_second: [f64; 2]) -> f64 {
    operations / per_second[0] + bytes / per_second[1]
}
// ANCHOR_END: two_limits

/// A product is bound by arithmetic and `relu` by memory, and neither waits for the other.
pub fn check(seconds: fn(f64, f64, [f64; 2]) -> f64) {
    let (n, machine) = (1024.0_f64, [100e9, 10e9]);
    let product = seconds(2.0 * n.powi(3), 3.0 * 4.0 * n * n, machine);
    assert_eq!(product, 2.0 * n.powi(3) / 100e9, "a product of 1024 rows and columns");
    let relu = seconds(n * n, 2.0 * 4.0 * n * n, machine);
    assert_eq!(relu, 8.0 * n * n / 10e9, "relu of as many numbers");
}
