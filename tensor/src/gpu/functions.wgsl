// Functions of one element that WGSL lacks, or defines too loosely. `cpu/functions.rs` has the
// same in Rust where the standard library does not.

// Φ(x) and φ(x) of the standard normal: the tail is e^(−x²/2) t P(t), t = 1 / (1 + 0.35 |x|).
fn normal(x: f32) -> vec2<f32> {
    let bell = exp(-0.5 * x * x);
    let t = 1.0 / (1.0 + 0.35 * abs(x));
    var p = -0.029609796;
    p = p * t + 0.1462242;
    p = p * t - 0.26033792;
    p = p * t + 0.16439174;
    p = p * t - 0.026633099;
    p = p * t + 0.10695824;
    p = p * t + 0.11947943;
    p = p * t + 0.13990827;
    p = p * t + 0.1396189;
    let tail = bell * t * p;
    return vec2(select(1.0 - tail, tail, x < 0.0), bell * 0.39894228);
}

// 1 / (1 + e⁻ˣ), from a power that cannot overflow.
fn sigmoid(x: f32) -> f32 {
    let e = exp(-abs(x));
    return select(1.0, e, x < 0.0) / (1.0 + e);
}

// The derivative of the sigmoid s, s (1 − s), with the digits of 1 − s where s is nearly 1.
fn sigmoid_slope(x: f32) -> f32 {
    let e = exp(-abs(x));
    return e / ((1.0 + e) * (1.0 + e));
}

// The derivatives of x Φ(x) and of x sigmoid(x).
fn gelu_slope(x: f32) -> f32 {
    let n = normal(x);
    return n.x + x * n.y;
}

fn silu_slope(x: f32) -> f32 {
    let s = sigmoid(x);
    return s * (1.0 + x * (1.0 - s));
}

// WGSL's own may overflow on the way for large x. Near 0, where a difference would lose its
// digits, the first terms of the series.
fn hyperbolic_tangent(x: f32) -> f32 {
    let e = exp(-2.0 * abs(x));
    let far = (1.0 - e) / (1.0 + e);
    let s = x * x;
    let near = 1.0 + s * (-1.0 / 3.0 + s * (2.0 / 15.0
        + s * (-17.0 / 315.0 + s * (62.0 / 2835.0 - s * (1382.0 / 155925.0)))));
    return select(select(far, -far, x < 0.0), x * near, abs(x) < 0.3);
}

// The sine of x + quarter · π/2; WGSL's own is only good to 2⁻¹¹. π/2 is taken off in three
// parts whose multiples are exact while |x| is below some thousands (Cody & Waite, 1980).
fn wave(x: f32, quarter: u32) -> f32 {
    let turns = round(x * 0.63661977);
    let r = ((x - turns * 1.5703125) - turns * 4.837513e-4) - turns * 7.54979e-8;
    let s = r * r;
    let sine = r * (1.0 + s * (-1.0 / 6.0
        + s * (1.0 / 120.0 + s * (-1.0 / 5040.0 + s / 362880.0))));
    let cosine = 1.0 + s * (-0.5
        + s * (1.0 / 24.0 + s * (-1.0 / 720.0 + s * (1.0 / 40320.0 - s / 3628800.0))));
    // Beyond 2³¹ turns the sine of an f32 says nothing; without a bound the cast would not either.
    let side = u32(i32(clamp(turns, -2e9, 2e9))) + quarter;
    let y = select(sine, cosine, (side & 1u) == 1u);
    return select(y, -y, (side & 2u) == 2u);
}

// x to the power p. WGSL's own is not defined for a negative x, and loses the digits of large
// powers: whole powers are products, and only the fraction between −1 and 1 goes through log2.
fn power(x: f32, p: f32) -> f32 {
    let whole = trunc(p);
    let fraction = p - whole;
    var y = 1.0;
    var square = x;
    // Beyond 2²⁴ every f32 is even, and only 0, 1 and ∞ are still powers of anything.
    var rest = u32(min(abs(whole), 16777216.0));
    for (var bit = 0u; bit < 25u && rest > 0u; bit++) {
        if (rest & 1u) == 1u {
            y *= square;
        }
        square *= square;
        rest >>= 1u;
    }
    y = select(y, 1.0 / y, whole < 0.0);
    if fraction == 0.0 {
        return y;
    }
    // A NaN for the root of a negative number; WGSL has no literal for it.
    let root = exp2(fraction * log2(abs(x)));
    return select(y * root, bitcast<f32>(bitcast<u32>(x) | 0x7fc00000u), x < 0.0);
}

// The larger and the smaller of two numbers; a NaN on either side stays visible by the sum.
fn larger(a: f32, b: f32) -> f32 {
    return select(select(a + b, b, a < b), a, a >= b);
}

fn smaller(a: f32, b: f32) -> f32 {
    return select(select(a + b, b, a > b), a, a <= b);
}
