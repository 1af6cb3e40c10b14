// Box and Muller's transform of two pairs of words. Pasted into `random.wgsl`.
//
// WGSL promises little of `log` near 1 and of `sin` and `cos`, so these are power series over
// ranges that are cut down without rounding: all devices then agree to a few units in the last
// place.

// The logarithm of u in (0, 1]: u = 2ᵉ m with m around 1, and log m = 2 atanh((m − 1)/(m + 1)).
fn logarithm(u: f32) -> f32 {
    let bits = bitcast<u32>(u);
    var e = i32(bits >> 23u) - 127;
    var m = bitcast<f32>((bits & 0x7fffffu) | 0x3f800000u);
    if m > 1.4142135 {
        m *= 0.5;
        e += 1;
    }
    let s = (m - 1.0) / (m + 1.0);
    let q = s * s;
    let series = 1.0 + q * (1.0 / 3.0 + q * (1.0 / 5.0 + q * (1.0 / 7.0 + q / 9.0)));
    return f32(e) * 0.6931472 + 2.0 * s * series;
}

// Cosine and sine of a 2⁻²⁴th part of a turn, `turn` times: the nearest quarter turn, and the
// series of the rest, at most an eighth of a turn.
fn direction(turn: u32) -> vec2<f32> {
    let quarter = (turn + 0x200000u) >> 22u;
    let rest = i32(turn) - i32(quarter << 22u);
    let a = f32(rest) * 3.7450703e-7; // 2π / 2²⁴
    let q = a * a;
    let c = 1.0 - q * (0.5 - q * (1.0 / 24.0 - q * (1.0 / 720.0 - q / 40320.0)));
    let s = a * (1.0 - q * (1.0 / 6.0 - q * (1.0 / 120.0 - q * (1.0 / 5040.0 - q / 362880.0))));
    switch quarter & 3u {
        case 0u: { return vec2<f32>(c, s); }
        case 1u: { return vec2<f32>(-s, c); }
        case 2u: { return vec2<f32>(-c, -s); }
        default: { return vec2<f32>(s, -c); }
    }
}

fn pair(radius: u32, angle: u32) -> vec2<f32> {
    // From 2⁻²⁴ to 1: the logarithm of 0 does not exist.
    let u = f32((radius >> 8u) + 1u) * 0x1p-24f;
    return sqrt(-2.0 * logarithm(u)) * direction(angle >> 8u);
}

fn numbers(words: vec4<u32>) -> vec4<f32> {
    return vec4<f32>(pair(words.x, words.y), pair(words.z, words.w));
}
