// The matrix of patches: row `pixel` holds what the taps of a pixel lead to, kh·kw·CHANNELS
// values. It is never built; this says where its elements lie.
//
// The pixels that have patches are a grid: of outputs, whose taps lead to inputs, or, BACKWARDS,
// of inputs, whose taps lead to the outputs over them. What the taps lead to is a field.
//
// The geometry is pasted in front as constants, so that the divisions below are by constants:
//   GRID, FIELD, KERNEL, STRIDE, PADDING, DILATION: vec2<u32>, height first
//   CHANNELS (of the field), C_IN, C_OUT (of a group), GROUPS: u32;  BACKWARDS: bool
// A kernel that includes this declares
//   fn value(at: u32) -> f32                                an element of the field

const TAPS = KERNEL.x * KERNEL.y;
const PATCH = TAPS * CHANNELS;
const OUTSIDE = 0xffffffffu;

// Where element k of a pixel's patch lies in the field, or OUTSIDE.
fn place(pixel: u32, k: u32) -> u32 {
    let tap = k / CHANNELS;
    let reach = vec2(tap / KERNEL.y, tap % KERNEL.y) * DILATION;
    let spot = vec2(pixel / GRID.y % GRID.x, pixel % GRID.y);
    let image = pixel / (GRID.x * GRID.y);
    // Above and left of the field the differences wrap round to large numbers.
    var at = spot * STRIDE + reach - PADDING;
    var missed = false;
    if BACKWARDS {
        let span = spot + PADDING - reach;
        at = span / STRIDE;
        missed = any(span % STRIDE != vec2(0u));
    }
    if k >= PATCH || missed || any(at >= FIELD) {
        return OUTSIDE;
    }
    return ((image * FIELD.x + at.x) * FIELD.y + at.y) * CHANNELS + k % CHANNELS;
}

// Elements k .. k + 4 of a pixel's patch, in the field that begins at `base`.
fn patch4(base: u32, pixel: u32, k: u32) -> vec4<f32> {
    if CHANNELS % 4u != 0u {
        return vec4(
            value_from(base, place(pixel, k)),
            value_from(base, place(pixel, k + 1u)),
            value_from(base, place(pixel, k + 2u)),
            value_from(base, place(pixel, k + 3u)),
        );
    }
    // Four channels of one tap.
    var at = place(pixel, k);
    if at == OUTSIDE {
        return vec4<f32>();
    }
    at += base;
    return vec4(value(at), value(at + 1u), value(at + 2u), value(at + 3u));
}

fn value_from(base: u32, at: u32) -> f32 {
    if at == OUTSIDE {
        return 0.0;
    }
    return value(base + at);
}
