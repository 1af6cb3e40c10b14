// Products of matrices that lie in memory, either of them transposed. Includes `gemm.wgsl`, the
// main loop, and `walk.wgsl`, which finds the two matrices of a product among leading axes that
// are repeated.

struct Params {
    gemm: Gemm,
    walks: array<vec4<u32>, RANK>,
    // The distances in memory between rows and between columns.
    a_row: u32,
    a_column: u32,
    b_row: u32,
    b_column: u32,
}

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

fn bases(batch: u32) -> vec2<u32> {
    return walk(batch);
}

fn load_a(base: u32, i: u32, k: u32) -> vec4<f32> {
    return vec4(
        a_at(base, i, k),
        a_at(base, i, k + 1u),
        a_at(base, i, k + 2u),
        a_at(base, i, k + 3u),
    );
}

fn a_at(base: u32, i: u32, k: u32) -> f32 {
    if i >= params.gemm.m || k >= params.gemm.k {
        return 0.0;
    }
    return a[base + i * params.a_row + k * params.a_column];
}

fn load_b(base: u32, k: u32, j: u32) -> vec4<f32> {
    return vec4(
        b_at(base, k, j),
        b_at(base, k, j + 1u),
        b_at(base, k, j + 2u),
        b_at(base, k, j + 3u),
    );
}

fn b_at(base: u32, k: u32, j: u32) -> f32 {
    if k >= params.gemm.k || j >= params.gemm.n {
        return 0.0;
    }
    return b[base + k * params.b_row + j * params.b_column];
}

fn store(part: u32, i: u32, j: u32, c: vec4<f32>) {
    if i < params.gemm.m {
        let row = (part * params.gemm.m + i) * params.gemm.n;
        for (var s = 0u; s < min(4u, max(j, params.gemm.n) - j); s++) {
            y[row + j + s] = c[s];
        }
    }
}
