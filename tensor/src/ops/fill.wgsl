// y[i] = value: one invocation writes one element.

struct Params {
    n: u32,
    value: f32,
}

@group(0) @binding(0) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = id.x + id.y * groups.x * 256u;
    if i < params.n {
        y[i] = params.value;
    }
}
