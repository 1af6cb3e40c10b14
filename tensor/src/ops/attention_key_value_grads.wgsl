// dk = dsᵀ q and dv = pᵀ dy, with the weights p from the stats that `attention.wgsl` kept and
// ds = p (dy vᵀ − delta) scale. Includes `attention_tiles.wgsl`; own rows are keys, so tiles are
// transposed.

@group(0) @binding(0) var<storage, read> q: array<f32>;
@group(0) @binding(1) var<storage, read> k: array<f32>;
@group(0) @binding(2) var<storage, read> v: array<f32>;
@group(0) @binding(3) var<storage, read> stats: array<f32>;
@group(0) @binding(4) var<storage, read> dy: array<f32>;
@group(0) @binding(5) var<storage, read> delta: array<f32>;
@group(0) @binding(6) var<storage, read_write> dk: array<f32>;
@group(0) @binding(7) var<storage, read_write> dv: array<f32>;

// k qᵀ, and v dyᵀ.
const SCORES = 0u;
const VALUES = 1u;

fn own(which: u32, at: u32) -> f32 {
    if which == SCORES {
        return k[at];
    }
    return v[at];
}

fn other(which: u32, at: u32) -> f32 {
    if which == SCORES {
        return q[at];
    }
    return dy[at];
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
    var dk_totals = array<vec4<f32>, CHUNKS>();
    var dv_totals = array<vec4<f32>, CHUNKS>();
    for (var first = 0u; first < params.other_rows; first += SIDE) {
        let score = product(SCORES, lane, index, first) * params.scale;
        let dp = product(VALUES, lane, index, first);
        var p = vec4(0.0);
        var ds = vec4(0.0);
        for (var i = 0u; i < 4u; i++) {
            let row = first + lane % 8u * 4u + i;
            if row < params.other_rows {
                let query = place_of(index, params.other_rows, row);
                p[i] = exp(score[i] - stats[2u * query]) * stats[2u * query + 1u];
                ds[i] = p[i] * (dp[i] - delta[query]) * params.scale;
            }
        }
        show(lane, p);
        accumulate(VALUES, lane, index, first, &dv_totals);
        show(lane, ds);
        accumulate(SCORES, lane, index, first, &dk_totals);
    }

    if !own_row_exists(index, lane) {
        return;
    }
    let key = own_row(index, lane);
    for (var chunk = 0u; chunk < CHUNKS; chunk++) {
        for (var i = 0u; i < 4u; i++) {
            let e = feature(lane, chunk, i);
            if e < params.d {
                dk[key * params.d + e] = dk_totals[chunk][i];
                dv[key * params.d + e] = dv_totals[chunk][i];
            }
        }
    }
}
