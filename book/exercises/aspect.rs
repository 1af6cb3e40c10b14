//! What breaks if the shape of a crop is drawn evenly between 3/4 and 4/3?
//!
//! Wide and high are the same thing seen from the side, so a crop should be as often wide as high.
//! Half of the way from 3/4 to 4/3 is more than 1.

// ANCHOR: aspect
/// The width of a crop over its height, from `u`, which is even between 0 and 1.
pub fn aspect(u: f64) -> f64 {
    let (high, wide) = (3.0 / 4.0, 4.0 / 3.0);
    high + u * (wide - high)
}
// ANCHOR_END: aspect

/// The ends are right, and what is wide for one draw is high for its opposite.
pub fn check(aspect: fn(f64) -> f64) {
    let same = |a: f64, b: f64| (a - b).abs() < 1e-12;
    assert!(same(aspect(0.0), 0.75) && same(aspect(1.0), 4.0 / 3.0));
    for u in [0.0, 0.1, 0.25, 0.5] {
        let (one, other) = (aspect(u), aspect(1.0 - u));
        assert!(same(one * other, 1.0), "a crop of {one:.3} has the opposite {other:.3}");
    }
}
