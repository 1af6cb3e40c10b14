// The squares of a parameter and of its decayed gradient, summed block by block: [2, blocks]. One
// workgroup sums a block of 4096 elements; includes `row.wgsl`.

struct Params {
    n: u32,
    blocks: u32,
    decay: f32,
}

const BLOCK = 4096u;

@group(0) @binding(0) var<storage, read> p: array<f32>;
@group(0) @binding(1) var<storage, read> g: array<f32>;
@group(0) @binding(2) var<storage, read_write> squares: array<f32>;

@compute @workgroup_size(WIDTH)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let block = group.x + group.y * groups.x;
    if block >= params.blocks {
        return;
    }
    let last = min(block * BLOCK + BLOCK, params.n);
    var p_part = 0.0;
    var g_part = 0.0;
    for (var i = block * BLOCK + lane; i < last; i += WIDTH) {
        let gradient = g[i] + params.decay * p[i];
        p_part += p[i] * p[i];
        g_part += gradient * gradient;
    }
    let p_square = row_sum(lane, p_part);
    let g_square = row_sum(lane, g_part);
    if lane == 0u {
        squares[block] = p_square;
        squares[params.blocks + block] = g_square;
    }
}
