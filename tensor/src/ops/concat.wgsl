// One part [outer, width] into its place in y [outer, width_y]: one invocation copies one element.

struct Params {
    n: u32,
    width: u32,
    width_y: u32,
    // Where the part begins in a row of y.
    first: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = id.x + id.y * groups.x * 256u;
    if i < params.n {
        y[i / params.width * params.width_y + params.first + i % params.width] = x[i];
    }
}
