// c = a b, all of them [n, n]: one workgroup computes a tile of 16 × 16, and fetches what it
// needs for it into memory that its invocations share.

struct Params {
    n: u32,
}

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> c: array<f32>;

// ANCHOR: main
const TILE = 16u;

var<workgroup> tile_a: array<array<f32, TILE>, TILE>;
var<workgroup> tile_b: array<array<f32, TILE>, TILE>;

@compute @workgroup_size(TILE, TILE)
fn main(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let n = params.n;
    var sum = 0.0;
    for (var p0 = 0u; p0 < n; p0 += TILE) {
        // Fetch: each invocation brings one element of a and one of b.
        tile_a[local.y][local.x] = a_at(id.y, p0 + local.x);
        tile_b[local.y][local.x] = b_at(p0 + local.y, id.x);
        workgroupBarrier();
        // Multiply: each uses 16 of a and 16 of b.
        for (var p = 0u; p < TILE; p++) {
            sum += tile_a[local.y][p] * tile_b[p][local.x];
        }
        workgroupBarrier();
    }
    if id.y < n && id.x < n {
        c[id.y * n + id.x] = sum;
    }
}
// ANCHOR_END: main

// Beyond the edges there are zeros, which add nothing.

fn a_at(i: u32, p: u32) -> f32 {
    if i >= params.n || p >= params.n {
        return 0.0;
    }
    return a[i * params.n + p];
}

fn b_at(p: u32, j: u32) -> f32 {
    if p >= params.n || j >= params.n {
        return 0.0;
    }
    return b[p * params.n + j];
}
