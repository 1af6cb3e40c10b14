// dw = patches(x)ᵀ · dy, computed as its transpose, dyᵀ · patches(x): [c_out, pixels] ×
// [pixels, kh·kw·c_in], so that four neighbouring elements of a patch are found by one look.
// The sum over pixels is long and the result small: `gemm.wgsl`, the main loop, cuts it into
// parts. Includes `patches.wgsl` too, the right matrix.

struct Params {
    gemm: Gemm,
    // From one group to the next in either input.
    steps: vec2<u32>,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dw: array<f32>;

fn bases(batch: u32) -> vec2<u32> {
    return batch * params.steps.yx;
}

fn load_a(base: u32, channel: u32, pixel: u32) -> vec4<f32> {
    return vec4(
        dy_at(base, channel, pixel),
        dy_at(base, channel, pixel + 1u),
        dy_at(base, channel, pixel + 2u),
        dy_at(base, channel, pixel + 3u),
    );
}

fn dy_at(base: u32, channel: u32, pixel: u32) -> f32 {
    if channel >= C_OUT || pixel >= params.gemm.k {
        return 0.0;
    }
    return dy[base + pixel * C_OUT + channel];
}

fn load_b(base: u32, pixel: u32, k: u32) -> vec4<f32> {
    if pixel >= params.gemm.k {
        return vec4<f32>();
    }
    return patch4(base, pixel, k);
}

fn value(at: u32) -> f32 {
    return x[at];
}

fn store(part: u32, channel: u32, k: u32, c: vec4<f32>) {
    if channel < C_OUT {
        for (var s = 0u; s < 4u && k + s < PATCH; s++) {
            dw[(part * PATCH + k + s) * C_OUT + channel] = c[s];
        }
    }
}
