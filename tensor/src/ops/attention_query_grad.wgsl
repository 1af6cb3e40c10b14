// delta = Σ dy · y of each query, and dq = ds k with ds = p (dy vᵀ − delta) scale, the weights p
// from the stats that `attention.wgsl` kept. Includes `attention_tiles.wgsl`; own rows are queries.

@group(0) @binding(0) var<storage, read> q: array<f32>;
@group(0) @binding(1) var<storage, read> k: array<f32>;
@group(0) @binding(2) var<storage, read> v: array<f32>;
@group(0) @binding(3) var<storage, read> y: array<f32>;
@group(0) @binding(4) var<storage, read> stats: array<f32>;
@group(0) @binding(5) var<storage, read> dy: array<f32>;
@group(0) @binding(6) var<storage, read_write> dq: array<f32>;
@group(0) @binding(7) var<storage, read_write> delta: array<f32>;

// q kᵀ, and dy vᵀ.
const SCORES = 0u;
const VALUES = 1u;

fn own(which: u32, at: u32) -> f32 {
    if which == SCORES {
        return q[at];
    }
    return dy[at];
}

fn other(which: u32, at: u32) -> f32 {
    if which == SCORES {
        return k[at];
    }
    return v[at];
}

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let index = group.x + group.y * groups.x;
    if index >= count() {
        return;
    }
    let exists = own_row_exists(index, lane);
    let query = own_row(index, lane);
    var largest = 0.0;
    var inverse = 0.0;
    var own_delta = 0.0;
    if exists {
        largest = stats[2u * query];
        inverse = stats[2u * query + 1u];
        for (var at = query * params.d; at < (query + 1u) * params.d; at++) {
            own_delta += dy[at] * y[at];
        }
    }

    var totals = array<vec4<f32>, CHUNKS>();
    for (var first = 0u; first < params.other_rows; first += SIDE) {
        let score = product(SCORES, lane, index, first) * params.scale;
        let dp = product(VALUES, lane, index, first);
        let p = select(vec4(0.0), exp(score - largest) * inverse, inside(lane, first));
        show(lane, p * (dp - own_delta) * params.scale);
        accumulate(SCORES, lane, index, first, &totals);
    }

    if !exists {
        return;
    }
    for (var chunk = 0u; chunk < CHUNKS; chunk++) {
        for (var i = 0u; i < 4u; i++) {
            let e = feature(lane, chunk, i);
            if e < params.d {
                dq[query * params.d + e] = totals[chunk][i];
            }
        }
    }
    if lane % 8u == 0u {
        delta[query] = own_delta;
    }
}
