// c = a b, all of them [n, n]: one workgroup computes a tile of 64 × 64, and each of its 8 × 8
// invocations a patch of 8 × 8: every eighth row and every eighth column of the tile.

struct Params {
    n: u32,
}

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> c: array<f32>;

const TILE = 64u;
const DEPTH = 8u;
const PATCH = 8u;
const THREADS = TILE / PATCH;

var<workgroup> tile_a: array<f32, TILE * DEPTH>;
var<workgroup> tile_b: array<f32, DEPTH * TILE>;

@compute @workgroup_size(THREADS, THREADS)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) index: u32,
) {
    let n = params.n;
    let i0 = group.y * TILE;
    let j0 = group.x * TILE;
    var sums = array<array<f32, PATCH>, PATCH>();
    for (var p0 = 0u; p0 < n; p0 += DEPTH) {
        // Fetch: 64 invocations bring 512 elements of either matrix.
        for (var s = index; s < TILE * DEPTH; s += THREADS * THREADS) {
            tile_a[s] = a_at(i0 + s / DEPTH, p0 + s % DEPTH);
            tile_b[s] = b_at(p0 + s / TILE, j0 + s % TILE);
        }
        workgroupBarrier();
        // ANCHOR: multiply
        for (var p = 0u; p < DEPTH; p++) {
            var row = array<f32, PATCH>();
            for (var s = 0u; s < PATCH; s++) {
                row[s] = tile_b[p * TILE + s * THREADS + local.x];
            }
            for (var r = 0u; r < PATCH; r++) {
                let a_near = tile_a[(r * THREADS + local.y) * DEPTH + p];
                for (var s = 0u; s < PATCH; s++) {
                    sums[r][s] += a_near * row[s];
                }
            }
        }
        // ANCHOR_END: multiply
        workgroupBarrier();
    }
    for (var r = 0u; r < PATCH; r++) {
        for (var s = 0u; s < PATCH; s++) {
            let i = i0 + r * THREADS + local.y;
            let j = j0 + s * THREADS + local.x;
            if i < n && j < n {
                c[i * n + j] = sums[r][s];
            }
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
