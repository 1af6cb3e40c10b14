// y = x w + b for rows of features. Includes `gemm.wgsl`, the main loop.

struct Params {
    gemm: Gemm,
}

fn product(index: u32) -> Product {
    return Product(0u, 0u, params.gemm.k);
}

fn load_a(base: u32, i: u32, k: u32, inside: u32) -> vec4<f32> {
    return x_four(i * params.gemm.k + k, inside);
}

fn load_b(base: u32, k: u32, j: u32, inside: u32) -> vec4<f32> {
    return w_four(k * params.gemm.n + j, inside);
}

fn store(at: Place, i: u32, j: u32, inside: u32, c: vec4<f32>) {
    // Where the sum is cut into parts, one of them brings the bias.
    let bias = bias_four(j, select(0u, inside, at.split == 0u));
    y_put((at.block * params.gemm.m + i) * params.gemm.n + j, inside, c + bias);
}
