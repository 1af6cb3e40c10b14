// dx[pixel] = patch(dy, pixel) · wᵀ, the taps turned round: [pixels, kh·kw·c_out] ×
// [kh·kw·c_out, c_in]. A stride s leaves s × s phases of inputs, each met by taps of its own: each
// is a product, and a convolution of stride 1 (`conv2d/phases.rs`). Includes `gemm.wgsl`, the main
// loop, and `patches.wgsl`, the left matrix.

struct Params {
    gemm: Gemm,
    // From one group to the next in either operand.
    steps: vec2<u32>,
}

// Of what is pasted in front:
//   phase: Phase                    the invocation's own; a constant where there is only one
//   fn choose(index: u32)           makes it one of PHASES
//   INPUT, APART, STEP: vec2<u32>   the image; from one input of a phase to the next, and from
//                                   one tap to the next
struct Phase {
    first: vec2<u32>,
    last_tap: vec2<u32>,
    view: View,
}

fn product(index: u32) -> Product {
    choose(index % PHASES);
    let group = index / PHASES;
    let k = phase.view.taps.x * phase.view.taps.y * C_OUT;
    return Product(group * params.steps.x, group * params.steps.y, k);
}

fn load_a(base: u32, pixel: u32, k: u32, inside: u32) -> vec4<f32> {
    return patch4(base, pixel, k, inside, phase.view);
}

fn field_one(at: u32) -> f32 {
    return dy_one(at);
}

fn field_four(at: u32, inside: u32) -> vec4<f32> {
    return dy_four(at, inside);
}

// Four output channels of a tap and an input channel j.
fn load_b(base: u32, k: u32, j: u32, inside: u32) -> vec4<f32> {
    if C_OUT % 4u != 0u {
        return vec4(
            w_at(base, k, j, inside > 0u),
            w_at(base, k + 1u, j, inside > 1u),
            w_at(base, k + 2u, j, inside > 2u),
            w_at(base, k + 3u, j, inside > 3u),
        );
    }
    return w_four(base + weight(k, j), inside);
}

fn w_at(base: u32, k: u32, j: u32, inside: bool) -> f32 {
    return select(0.0, w_one(select(0u, base + weight(k, j), inside)), inside);
}

// Where the weight of a phase's element (k, j) lies: its first tap is the last that the weights
// have for it.
fn weight(k: u32, j: u32) -> u32 {
    let t = k / C_OUT;
    let turned = vec2(t / phase.view.taps.y, t % phase.view.taps.y);
    let tap = phase.last_tap - turned * STEP;
    return ((tap.x * KERNEL.y + tap.y) * C_IN + j) * C_OUT + k % C_OUT;
}

fn store(at: Place, pixel: u32, j: u32, inside: u32, c: vec4<f32>) {
    let pixels = GRID.x * GRID.y;
    let spot = vec2(pixel / GRID.y % GRID.x, pixel % GRID.y) * APART + phase.first;
    // Where the stride does not divide the image, the grid is larger than some phases.
    if any(spot >= INPUT) {
        return;
    }
    // Parts, groups and images lie one in the other.
    let image = at.block / PHASES * (params.gemm.m / pixels) + pixel / pixels;
    dx_put(((image * INPUT.x + spot.x) * INPUT.y + spot.y) * C_IN + j, inside, c);
}
