//! Functions of one element that `std` lacks, or computes one element at a time. Those for `f32`
//! have no branches and no calls, so that the compiler vectorises the loops around them.
//! `gpu/functions.wgsl` has the same in WGSL.

use crate::Float;

/// `a · x + y`, rounded once where the processor can; without the instruction `f32::mul_add` would
/// be a call, and very slow.
#[inline(always)]
pub(crate) fn mul_add(a: f32, x: f32, y: f32) -> f32 {
    match cfg!(any(target_feature = "fma", target_arch = "aarch64")) {
        true => a.mul_add(x, y),
        false => a * x + y,
    }
}

/// The sum of coefficients times powers of `x`, the highest power first.
#[inline(always)]
fn polynomial(coefficients: &[f32], x: f32) -> f32 {
    coefficients.iter().fold(0.0, |sum, &c| mul_add(sum, x, c))
}

/// `e⁻ˣ` for `x ≥ 0`, to 2 units in the last place; 0 beyond 87, where `f32` ends.
#[inline(always)] // or the loop around it is not vectorised
pub(crate) fn decay(x: f32) -> f32 {
    // ln 2 in two parts, the first of so few digits that its multiples are exact.
    const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    // Adding it rounds to a whole number, which then stands in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    let shifted = mul_add(-x, std::f32::consts::LOG2_E, ROUND);
    let whole = shifted - ROUND;
    let rest = mul_add(-whole, LN_2[1], mul_add(-whole, LN_2[0], -x));
    const TAYLOR: [f32; 8] =
        [1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0];
    let series = polynomial(&TAYLOR, rest);
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(1f32.to_bits()));
    if x > 87.0 { 0.0 } else { series * power }
}

/// The distribution `Φ(x)` and the density `φ(x)` of the standard normal. Where `Φ` is small it
/// keeps its relative precision, which `(1 + erf(x / √2)) / 2` loses.
#[inline(always)]
pub(crate) fn normal(x: f32) -> [f32; 2] {
    // The tail is e^(−x²/2) t P(t) with t = 1 / (1 + 0.35 |x|): Chebyshev interpolation up to
    // |x| = 13.5, where f32 ends; P is exact to 4e-8.
    const P: [f32; 9] = [
        -0.029_609_796,
        0.146_224_2,
        -0.260_337_92,
        0.164_391_74,
        -0.026_633_099,
        0.106_958_24,
        0.119_479_43,
        0.139_908_27,
        0.139_618_9,
    ];
    let bell = decay(0.5 * x * x);
    let t = 1.0 / mul_add(0.35, x.abs(), 1.0);
    let tail = bell * t * polynomial(&P, t);
    [if x < 0.0 { tail } else { 1.0 - tail }, bell * INVERSE_ROOT_2_PI as f32]
}

/// As [`normal`], by the error function of `libm`.
pub(crate) fn normal_f64(x: f64) -> [f64; 2] {
    let distribution = 0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2);
    [distribution, (-0.5 * x * x).exp() * INVERSE_ROOT_2_PI]
}

/// `1 / √(2π)`.
const INVERSE_ROOT_2_PI: f64 = 0.398_942_280_401_432_7;

/// `1 / (1 + e⁻ˣ)`, from a power that cannot overflow.
pub(crate) fn sigmoid<T: Float>(x: T) -> T {
    let e = x.abs().decay();
    (if x < T::zero() { e } else { T::one() }) / (T::one() + e)
}

/// The derivative of [`sigmoid`], `s (1 − s)`, with the digits of `1 − s` where `s` is nearly 1.
pub(crate) fn sigmoid_slope<T: Float>(x: T) -> T {
    let e = x.abs().decay();
    e / ((T::one() + e) * (T::one() + e))
}

/// The larger of two numbers; a NaN on either side stays visible.
pub(crate) fn larger<T: Float>(a: T, b: T) -> T {
    // A sum, because what is neither larger nor smaller nor equal has a NaN.
    let other = if a < b { b } else { a + b };
    if a >= b { a } else { other }
}

/// The smaller of two numbers; a NaN on either side stays visible.
pub(crate) fn smaller<T: Float>(a: T, b: T) -> T {
    let other = if a > b { b } else { a + b };
    if a <= b { a } else { other }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_precision_follows_double() {
        for i in -130_000..=130_000 {
            let x = i as f32 * 1e-4;
            let close = |found: f32, expected: f64, allowed: f64, what: &str| {
                let error = (f64::from(found) / expected - 1.0).abs();
                assert!(error < allowed, "{what} at {x} is {found}, not {expected}: {error:e}");
            };
            close(decay(6.5 * x.abs()), (-f64::from(6.5 * x.abs())).exp(), 2e-7, "decay");
            let [distribution, density] = normal_f64(f64::from(x));
            // x² / 2 is rounded before it becomes an exponent.
            let allowed = 5e-7 + 1e-7 * f64::from(x * x);
            close(normal(x)[0], distribution, allowed, "distribution");
            close(normal(x)[1], density, allowed, "density");
        }
    }

    #[test]
    fn the_ends_are_reached_and_a_nan_stays() {
        assert_eq!(decay(0.0), 1.0);
        assert_eq!(decay(f32::INFINITY), 0.0);
        assert_eq!(normal(f32::INFINITY), [1.0, 0.0]);
        assert_eq!(normal(f32::NEG_INFINITY), [0.0, 0.0]);
        assert_eq!([sigmoid(-1e30f32), sigmoid(1e30f32)], [0.0, 1.0]);
        assert!(decay(f32::NAN).is_nan() && normal(f32::NAN)[0].is_nan());
        assert!(sigmoid(f64::NAN).is_nan());
    }
}
