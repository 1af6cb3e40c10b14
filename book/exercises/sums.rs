//! What breaks if a sum is one long chain of additions?
//!
//! A `f32` keeps 24 bits. Once the total is large, what is added to it loses its last bits, always
//! the same way. Add in another order.

// ANCHOR: sums
/// The sum of many numbers.
pub fn sum(values: &[f32]) -> f32 {
    let mut total = 0.0;
    for value in values {
        total += value;
    }
    total
}
// ANCHOR_END: sums

/// The sum of four million tenths is right to five digits.
pub fn check(sum: fn(&[f32]) -> f32) {
    let tenths = vec![0.1; 1 << 22];
    let exact = tenths.iter().copied().map(f64::from).sum::<f64>();
    let error = (f64::from(sum(&tenths)) / exact - 1.0).abs();
    assert!(error < 1e-5, "the sum of 4194304 tenths is off by {:.2} %", 100.0 * error);
    assert_eq!((sum(&[]), sum(&[2.0])), (0.0, 2.0));
}
