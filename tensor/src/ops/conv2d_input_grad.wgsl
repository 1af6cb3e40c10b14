// dx[pixel] = patch(dy, pixel) · wᵀ, flipped: [pixels, kh·kw·c_out] × [kh·kw·c_out, c_in], where
// a patch of dy holds the cotangents of the outputs that each tap carried the pixel to. Includes
// `gemm.wgsl`, the main loop.
//
// The geometry is pasted in front as constants, as in `patches.wgsl`.

struct Params {
    gemm: Gemm,
}

@group(0) @binding(0) var<storage, read> w: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;

const PATCH = KERNEL.x * KERNEL.y * C_OUT;
const OUTSIDE = 0xffffffffu;

fn bases(batch: u32) -> vec2<u32> {
    return vec2(0u);
}

// Where element k of an input pixel's patch lies in dy, or OUTSIDE.
fn place(pixel: u32, k: u32) -> u32 {
    let tap = k / C_OUT;
    let input = vec2(pixel / IMAGE.y % IMAGE.x, pixel % IMAGE.y);
    let image = pixel / (IMAGE.x * IMAGE.y);
    // Where no output lies, the difference wraps round to a large number or is off the grid.
    let span = input + PADDING - vec2(tap / KERNEL.y, tap % KERNEL.y);
    let at = span / STRIDE;
    if k >= PATCH || any(at >= OUTPUT) || any(span % STRIDE != vec2(0u)) {
        return OUTSIDE;
    }
    return ((image * OUTPUT.x + at.x) * OUTPUT.y + at.y) * C_OUT + k % C_OUT;
}

fn load_a(base: u32, pixel: u32, k: u32) -> vec4<f32> {
    if pixel >= params.gemm.m {
        return vec4<f32>();
    }
    if C_OUT % 4u != 0u {
        return vec4(
            dy_at(place(pixel, k)),
            dy_at(place(pixel, k + 1u)),
            dy_at(place(pixel, k + 2u)),
            dy_at(place(pixel, k + 3u)),
        );
    }
    // Four channels of one tap.
    let at = place(pixel, k);
    if at == OUTSIDE {
        return vec4<f32>();
    }
    return vec4(dy[at], dy[at + 1u], dy[at + 2u], dy[at + 3u]);
}

fn dy_at(at: u32) -> f32 {
    if at == OUTSIDE {
        return 0.0;
    }
    return dy[at];
}

fn load_b(base: u32, k: u32, j: u32) -> vec4<f32> {
    return vec4(w_at(k, j), w_at(k, j + 1u), w_at(k, j + 2u), w_at(k, j + 3u));
}

// Element (k, j) of the flipped weights: k is a tap and an output channel, j an input channel.
fn w_at(k: u32, j: u32) -> f32 {
    if k >= PATCH || j >= C_IN {
        return 0.0;
    }
    return w[(k / C_OUT * C_IN + j) * C_OUT + k % C_OUT];
}

fn store(part: u32, pixel: u32, j: u32, c: vec4<f32>) {
    if pixel < params.gemm.m {
        let row = (part * params.gemm.m + pixel) * C_IN;
        for (var s = 0u; s < 4u && j + s < C_IN; s++) {
            dx[row + j + s] = c[s];
        }
    }
}
