// y = x w + b for rows of features. Includes `gemm.wgsl`, the main loop.

struct Params {
    gemm: Gemm,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

fn bases(batch: u32) -> vec2<u32> {
    return vec2(0u, 0u);
}

fn load_a(base: u32, i: u32, k: u32) -> vec4<f32> {
    var four = vec4<f32>();
    if i < params.gemm.m {
        for (var s = 0u; s < min(4u, max(k, params.gemm.k) - k); s++) {
            four[s] = x[i * params.gemm.k + k + s];
        }
    }
    return four;
}

fn load_b(base: u32, k: u32, j: u32) -> vec4<f32> {
    var four = vec4<f32>();
    if k < params.gemm.k {
        for (var s = 0u; s < min(4u, max(j, params.gemm.n) - j); s++) {
            four[s] = w[k * params.gemm.n + j + s];
        }
    }
    return four;
}

fn store(part: u32, i: u32, j: u32, c: vec4<f32>) {
    if i < params.gemm.m {
        let row = (part * params.gemm.m + i) * params.gemm.n;
        for (var s = 0u; s < min(4u, max(j, params.gemm.n) - j); s++) {
            // Where the sum is cut into parts, one of them brings the bias.
            y[row + j + s] = c[s] + select(0.0, b[j + s], part == 0u);
        }
    }
}
