//! Even in the logarithm: 3/4 and 4/3 are as far from 1 as each other.

pub fn aspect(u: f64) -> f64 {
    let widest = f64::ln(4.0 / 3.0);
    ((2.0 * u - 1.0) * widest).exp()
}
