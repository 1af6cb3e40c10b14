// c = a b, all of them [n, n], n a multiple of four: one workgroup computes a tile of 64 × 64, and
// each of its 16 × 16 invocations a patch of 4 × 4. Everything moves four elements at a time.

struct Params {
    n: u32,
}

@group(0) @binding(0) var<storage, read> a: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> b: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> c: array<vec4<f32>>;

// [i][p / 4] and [p][j / 4]: 64 × 4 and 16 × 16 vectors
var<workgroup> tile_a: array<vec4<f32>, 256>;
var<workgroup> tile_b: array<vec4<f32>, 256>;

@compute @workgroup_size(16, 16)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) index: u32,
) {
    let i0 = group.y * 64u;
    let j0 = group.x * 64u;
    // ANCHOR: multiply
    var c0 = vec4<f32>();
    var c1 = vec4<f32>();
    var c2 = vec4<f32>();
    var c3 = vec4<f32>();
    for (var p0 = 0u; p0 < params.n; p0 += 16u) {
        tile_a[index] = a_at(i0 + index / 4u, p0 + index % 4u * 4u);
        tile_b[index] = b_at(p0 + index / 16u, j0 + index % 16u * 4u);
        workgroupBarrier();
        for (var q = 0u; q < 4u; q++) {
            let b0 = tile_b[64u * q + local.x];
            let b1 = tile_b[64u * q + local.x + 16u];
            let b2 = tile_b[64u * q + local.x + 32u];
            let b3 = tile_b[64u * q + local.x + 48u];
            let square = mat4x4(b0, b1, b2, b3);
            c0 = add_products(c0, tile_a[4u * local.y + q], square);
            c1 = add_products(c1, tile_a[4u * local.y + q + 64u], square);
            c2 = add_products(c2, tile_a[4u * local.y + q + 128u], square);
            c3 = add_products(c3, tile_a[4u * local.y + q + 192u], square);
        }
        workgroupBarrier();
    }
    // ANCHOR_END: multiply
    let i = i0 + local.y;
    let j = j0 + 4u * local.x;
    store(i, j, c0);
    store(i + 16u, j, c1);
    store(i + 32u, j, c2);
    store(i + 48u, j, c3);
}

fn add_products(c: vec4<f32>, a: vec4<f32>, b: mat4x4<f32>) -> vec4<f32> {
    let two = fma(vec4(a.y), b[1], fma(vec4(a.x), b[0], c));
    return fma(vec4(a.w), b[3], fma(vec4(a.z), b[2], two));
}

// Beyond the edges there are zeros, which add nothing; a vector is never cut by an edge.

fn a_at(i: u32, p: u32) -> vec4<f32> {
    if i >= params.n || p >= params.n {
        return vec4<f32>();
    }
    return a[(i * params.n + p) / 4u];
}

fn b_at(p: u32, j: u32) -> vec4<f32> {
    if p >= params.n || j >= params.n {
        return vec4<f32>();
    }
    return b[(p * params.n + j) / 4u];
}

fn store(i: u32, j: u32, four: vec4<f32>) {
    if i < params.n && j < params.n {
        c[(i * params.n + j) / 4u] = four;
    }
}
