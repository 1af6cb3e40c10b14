// The matrix of patches: row `pixel` holds what the taps of a pixel lead to, CHANNELS values a tap.
// It is never built; this says where its elements lie.
//
// The pixels that have patches are a grid, and what their taps lead to is a field.
//
// The geometry is pasted in front as constants, so that most divisions below are by constants:
//   GRID, FIELD, STRIDE, DILATION: vec2<u32>, height first
//   CHANNELS (of the field), C_IN, C_OUT (of a group), GROUPS: u32
// A kernel that includes this declares
//   fn field_one(at: u32) -> f32                         an element of the field
//   fn field_four(at: u32, inside: u32) -> vec4<f32>     four neighbours, or zeros

// How many taps a pixel has, and how far the first lies above and left of where its stride leads.
struct View {
    taps: vec2<u32>,
    padding: vec2<u32>,
}

const OUTSIDE = 0xffffffffu;

// Where element k of a pixel's patch lies in the field, or OUTSIDE.
fn place(pixel: u32, k: u32, view: View) -> u32 {
    let tap = k / CHANNELS;
    let reach = vec2(tap / view.taps.y, tap % view.taps.y) * DILATION;
    let spot = vec2(pixel / GRID.y % GRID.x, pixel % GRID.y);
    let image = pixel / (GRID.x * GRID.y);
    // Above and left of the field the differences wrap round to large numbers.
    let at = spot * STRIDE + reach - view.padding;
    let place = ((image * FIELD.x + at.x) * FIELD.y + at.y) * CHANNELS + k % CHANNELS;
    return select(place, OUTSIDE, any(at >= FIELD));
}

// Elements k .. k + 4 of a pixel's patch as far as they are inside, in the field from `base` on.
fn patch4(base: u32, pixel: u32, k: u32, inside: u32, view: View) -> vec4<f32> {
    if CHANNELS % 4u != 0u {
        return vec4(
            element(base, pixel, k, inside > 0u, view),
            element(base, pixel, k + 1u, inside > 1u, view),
            element(base, pixel, k + 2u, inside > 2u, view),
            element(base, pixel, k + 3u, inside > 3u, view),
        );
    }
    // Four channels of one tap.
    let at = place(pixel, k, view);
    return field_four(base + at, select(inside, 0u, at == OUTSIDE));
}

fn element(base: u32, pixel: u32, k: u32, inside: bool, view: View) -> f32 {
    let at = place(pixel, k, view);
    let there = inside && at != OUTSIDE;
    return select(0.0, field_one(select(0u, base + at, there)), there);
}
