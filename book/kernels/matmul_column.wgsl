// c = a b, all of them [n, n]: one workgroup computes a tile of 32 × 64, and each of its
// invocations eight elements that lie below each other.

struct Params {
    n: u32,
}

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> c: array<f32>;

const TILE_M = 32u;
const TILE_N = 64u;
const DEPTH = 8u;
const COLUMN = 8u;

var<workgroup> tile_a: array<f32, TILE_M * DEPTH>;
var<workgroup> tile_b: array<f32, DEPTH * TILE_N>;

@compute @workgroup_size(TILE_N, TILE_M / COLUMN)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) index: u32,
) {
    let n = params.n;
    let i0 = group.y * TILE_M;
    let j0 = group.x * TILE_N;
    var sums = array<f32, COLUMN>();
    for (var p0 = 0u; p0 < n; p0 += DEPTH) {
        // Fetch: 256 invocations bring 256 elements of a and 512 of b.
        tile_a[index] = a_at(i0 + index / DEPTH, p0 + index % DEPTH);
        for (var s = index; s < DEPTH * TILE_N; s += 256u) {
            tile_b[s] = b_at(p0 + s / TILE_N, j0 + s % TILE_N);
        }
        workgroupBarrier();
        // ANCHOR: multiply
        for (var p = 0u; p < DEPTH; p++) {
            let b_near = tile_b[p * TILE_N + local.x];
            for (var r = 0u; r < COLUMN; r++) {
                sums[r] += tile_a[(local.y * COLUMN + r) * DEPTH + p] * b_near;
            }
        }
        // ANCHOR_END: multiply
        workgroupBarrier();
    }
    let j = j0 + local.x;
    for (var r = 0u; r < COLUMN; r++) {
        let i = i0 + local.y * COLUMN + r;
        if i < n && j < n {
            c[i * n + j] = sums[r];
        }
    }
}

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
