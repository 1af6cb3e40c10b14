//! The square of the difference of the characteristic functions, at a few places.

pub fn distance(x: &[f64]) -> f64 {
    let n = x.len() as f64;
    let at = |t: f64| {
        let real = x.iter().map(|x| (t * x).cos()).sum::<f64>() / n;
        let imaginary = x.iter().map(|x| (t * x).sin()).sum::<f64>() / n;
        (real - (-t * t / 2.0).exp()).powi(2) + imaginary.powi(2)
    };
    (1..=12).map(|i| at(0.25 * f64::from(i))).sum()
}
