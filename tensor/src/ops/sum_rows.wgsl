// Sums of rows of neighbouring elements, [rows, length]. One workgroup sums a block of 4096
// elements of one row; includes `row.wgsl`. The result is [rows, blocks], to be summed again
// while there is more than one block.

struct Params {
    rows: u32,
    length: u32,
    blocks: u32,
}

const BLOCK = 4096u;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WIDTH)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = group.x + group.y * groups.x;
    if i >= params.rows * params.blocks {
        return;
    }
    let row = i / params.blocks * params.length;
    let first = i % params.blocks * BLOCK;
    let last = min(first + BLOCK, params.length);
    var part = 0.0;
    for (var j = first + lane; j < last; j += WIDTH) {
        part += x[row + j];
    }
    let total = row_sum(lane, part);
    if lane == 0u {
        y[i] = total;
    }
}
