// dw = patches(x)ᵀ · dy: [kh·kw·c_in, pixels] × [pixels, c_out]. The sum over pixels is long and
// the result small: `gemm.wgsl`, the main loop, cuts it into parts. Includes `patches.wgsl` too,
// the left matrix.

struct Params {
    gemm: Gemm,
    // From one group to the next in either operand.
    steps: vec2<u32>,
}

fn product(index: u32) -> Product {
    return Product(index * params.steps.x, index * params.steps.y, params.gemm.k);
}

fn load_a(base: u32, i: u32, pixel: u32, inside: u32) -> vec4<f32> {
    return patch4(base, pixel, i, inside, View(KERNEL, PADDING));
}

fn field_one(at: u32) -> f32 {
    return x_one(at);
}

fn field_four(at: u32, inside: u32) -> vec4<f32> {
    return x_four(at, inside);
}

fn load_b(base: u32, pixel: u32, j: u32, inside: u32) -> vec4<f32> {
    return dy_four(base + pixel * C_OUT + j, inside);
}

fn store(at: Place, i: u32, j: u32, inside: u32, c: vec4<f32>) {
    dw_put((at.block * params.gemm.m + i) * C_OUT + j, inside, c);
}
