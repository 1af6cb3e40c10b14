// dx[pixel] = patch(dy, pixel) · wᵀ, flipped: [pixels, kh·kw·c_out] × [kh·kw·c_out, c_in], where
// a patch of dy holds the cotangents of the outputs that each tap carried the pixel to. Includes
// `gemm.wgsl`, the main loop, and `patches.wgsl`, the left matrix.

struct Params {
    gemm: Gemm,
    // From one group to the next in either input.
    steps: vec2<u32>,
}

@group(0) @binding(0) var<storage, read> w: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;

fn bases(batch: u32) -> vec2<u32> {
    return batch * params.steps.yx;
}

fn load_a(base: u32, pixel: u32, k: u32) -> vec4<f32> {
    if pixel >= params.gemm.m {
        return vec4<f32>();
    }
    return patch4(base, pixel, k);
}

fn value(at: u32) -> f32 {
    return dy[at];
}

fn load_b(base: u32, k: u32, j: u32) -> vec4<f32> {
    return vec4(
        w_at(base, k, j),
        w_at(base, k, j + 1u),
        w_at(base, k, j + 2u),
        w_at(base, k, j + 3u),
    );
}

// Element (k, j) of the flipped weights: k is a tap and an output channel, j an input channel.
fn w_at(base: u32, k: u32, j: u32) -> f32 {
    if k >= PATCH || j >= C_IN {
        return 0.0;
    }
    return w[base + (k / C_OUT * C_IN + j) * C_OUT + k % C_OUT];
}

fn store(part: u32, pixel: u32, j: u32, c: vec4<f32>) {
    if pixel < params.gemm.m {
        let row = (part * params.gemm.m + pixel) * C_IN;
        for (var s = 0u; s < 4u && j + s < C_IN; s++) {
            dx[row + j + s] = c[s];
        }
    }
}
