// y[pixel] = patch(x, pixel) · w: [pixels, kh·kw·c_in] × [kh·kw·c_in, c_out]. Includes
// `gemm.wgsl`, the main loop, and `patches.wgsl`, the left matrix.

struct Params {
    gemm: Gemm,
    // From one group to the next in either input.
    steps: vec2<u32>,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

fn bases(batch: u32) -> vec2<u32> {
    return batch * params.steps;
}

fn load_a(base: u32, pixel: u32, k: u32) -> vec4<f32> {
    if pixel >= params.gemm.m {
        return vec4<f32>();
    }
    return patch4(base, pixel, k);
}

fn value(at: u32) -> f32 {
    return x[at];
}

fn load_b(base: u32, k: u32, j: u32) -> vec4<f32> {
    var row = vec4<f32>();
    if k < PATCH && j + 3u < C_OUT {
        let at = base + k * C_OUT + j;
        row = vec4(w[at], w[at + 1u], w[at + 2u], w[at + 3u]);
    } else if k < PATCH {
        for (var s = 0u; j + s < C_OUT; s++) {
            row[s] = w[base + k * C_OUT + j + s];
        }
    }
    return row;
}

fn store(part: u32, pixel: u32, j: u32, c: vec4<f32>) {
    if pixel < params.gemm.m {
        let row = (part * params.gemm.m + pixel) * C_OUT;
        for (var s = 0u; s < 4u && j + s < C_OUT; s++) {
            y[row + j + s] = c[s];
        }
    }
}
