// What `argmax.wgsl` and `topk.wgsl` share: the order of two elements.

fn is_nan(x: f32) -> bool {
    return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

// Whether a is larger than b; a NaN is larger than everything but another.
fn above(a: f32, b: f32) -> bool {
    return a > b || (is_nan(a) && !is_nan(b));
}
