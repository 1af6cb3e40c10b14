// The moving average of a parameter: one invocation steps one element.

struct Params {
    n: u32,
    stay: f32,
    follow: f32,
}

@group(0) @binding(0) var<storage, read> t: array<f32>;
@group(0) @binding(1) var<storage, read> s: array<f32>;
@group(0) @binding(2) var<storage, read_write> t_new: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = id.x + id.y * groups.x * 256u;
    if i < params.n {
        t_new[i] = t[i] * params.stay + s[i] * params.follow;
    }
}
