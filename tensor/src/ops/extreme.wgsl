// The chosen element of each slice along the middle axis of [outer, rows, inner]. One invocation
// chooses among every `blocks`-th row of a slice, so that neighbours read neighbours; the result
// is [outer, blocks, inner], to be chosen from again while there is more than one block. The
// choice is pasted in front:
//   fn choose(a: f32, b: f32) -> f32

struct Params {
    n: u32,
    rows: u32,
    blocks: u32,
    inner: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = id.x + id.y * groups.x * 256u;
    if i >= params.n {
        return;
    }
    let column = i % params.inner;
    let block = i / params.inner % params.blocks;
    let first = i / params.inner / params.blocks * params.rows;
    var chosen = x[(first + block) * params.inner + column];
    for (var row = block + params.blocks; row < params.rows; row += params.blocks) {
        chosen = choose(chosen, x[(first + row) * params.inner + column]);
    }
    y[i] = chosen;
}
