// y[m] = x[index[m]], rows of `width` elements: one invocation copies one element.

struct Params {
    n: u32,
    rows: u32,
    width: u32,
    // What an index that names no row gives.
    nan: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> index: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = id.x + id.y * groups.x * 256u;
    if i >= params.n {
        return;
    }
    let row = index[i / params.width];
    if row >= 0.0 && row < f32(params.rows) && floor(row) == row {
        y[i] = x[u32(row) * params.width + i % params.width];
    } else {
        y[i] = params.nan;
    }
}
