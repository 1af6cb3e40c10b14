// y[…, i, j] = x[…, i, j] where low ≤ j − i ≤ high, else 0: one invocation writes one element.

struct Params {
    n: u32,
    rows: u32,
    columns: u32,
    low: i32,
    high: i32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let at = id.x + id.y * groups.x * 256u;
    if at >= params.n {
        return;
    }
    let i = at / params.columns % params.rows;
    let j = at % params.columns;
    let beyond = i32(j) - i32(i);
    // Not a product with 0, which a NaN would survive.
    y[at] = select(0.0, x[at], beyond >= params.low && beyond <= params.high);
}
