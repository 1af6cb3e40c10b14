// y[pixel] = patch(x, pixel) · w: [pixels, kh·kw·c_in] × [kh·kw·c_in, c_out]. Includes
// `gemm.wgsl`, the main loop, and `patches.wgsl`, the left matrix.

struct Params {
    gemm: Gemm,
    // From one group to the next in either operand.
    steps: vec2<u32>,
}

fn product(index: u32) -> Product {
    return Product(index * params.steps.x, index * params.steps.y, params.gemm.k);
}

fn load_a(base: u32, pixel: u32, k: u32, inside: u32) -> vec4<f32> {
    return patch4(base, pixel, k, inside, View(KERNEL, PADDING));
}

fn field_one(at: u32) -> f32 {
    return x_one(at);
}

fn field_four(at: u32, inside: u32) -> vec4<f32> {
    return x_four(at, inside);
}

fn load_b(base: u32, k: u32, j: u32, inside: u32) -> vec4<f32> {
    return w_four(base + k * C_OUT + j, inside);
}

fn store(at: Place, pixel: u32, j: u32, inside: u32, c: vec4<f32>) {
    y_put((at.block * params.gemm.m + pixel) * C_OUT + j, inside, c);
}
