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

fn product(index: u32) -> Product {
    let bases = walk(index);
    return Product(bases.x, bases.y, params.gemm.k);
}

fn load_a(base: u32, i: u32, k: u32, inside: u32) -> vec4<f32> {
    return a_four(base + i * params.a_row + k * params.a_column, inside);
}

fn load_b(base: u32, k: u32, j: u32, inside: u32) -> vec4<f32> {
    return b_four(base + k * params.b_row + j * params.b_column, inside);
}

fn store(at: Place, i: u32, j: u32, inside: u32, c: vec4<f32>) {
    y_put((at.block * params.gemm.m + i) * params.gemm.n + j, inside, c);
}
