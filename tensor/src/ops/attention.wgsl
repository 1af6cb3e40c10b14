// y = softmax(scale · q kᵀ) v, and of each query the largest score and the inverse of the sum of
// exponentials relative to it. Includes `attention_tiles.wgsl`; own rows are queries.

@group(0) @binding(0) var<storage, read> q: array<f32>;
@group(0) @binding(1) var<storage, read> k: array<f32>;
@group(0) @binding(2) var<storage, read> v: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(4) var<storage, read_write> stats: array<f32>;

const SCORES = 0u;
const VALUES = 1u;

fn own(which: u32, at: u32) -> f32 {
    return q[at];
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
    let row = lane / 8u * PITCH;
    var totals = array<vec4<f32>, CHUNKS>();
    var largest = 0.0;
    var sum = 0.0;
    for (var first = 0u; first < params.other_rows; first += SIDE) {
        let count = min(SIDE, params.other_rows - first);
        let score = product(SCORES, lane, index, first) * params.scale;
        show(lane, score);
        var tile_largest = scores[row];
        for (var j = 1u; j < count; j++) {
            tile_largest = max(tile_largest, scores[row + j]);
        }
        // What is shown next must wait until all have read.
        workgroupBarrier();

        let before = select(largest, tile_largest, first == 0u);
        largest = max(before, tile_largest);
        show(lane, select(vec4(0.0), exp(score - largest), inside(lane, first)));
        let shrink = exp(before - largest);
        sum *= shrink;
        for (var j = 0u; j < count; j++) {
            sum += scores[row + j];
        }
        for (var chunk = 0u; chunk < CHUNKS; chunk++) {
            totals[chunk] *= shrink;
        }
        accumulate(VALUES, lane, index, first, &totals);
    }

    if !own_row_exists(index, lane) {
        return;
    }
    let query = own_row(index, lane);
    for (var chunk = 0u; chunk < CHUNKS; chunk++) {
        for (var i = 0u; i < 4u; i++) {
            let e = feature(lane, chunk, i);
            if e < params.d {
                y[query * params.d + e] = totals[chunk][i] / sum;
            }
        }
    }
    if lane % 8u == 0u {
        stats[2u * query] = largest;
        stats[2u * query + 1u] = 1.0 / sum;
    }
}
