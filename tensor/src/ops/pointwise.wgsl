// y[i] = f(x[i]): one invocation computes one element. The function is pasted in front:
//   fn f(x: f32, a: f32, b: f32) -> f32

struct Params {
    n: u32,
    a: f32,
    b: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = id.x + id.y * groups.x * 256u;
    if i < params.n {
        y[i] = f(x[i], params.a, params.b);
    }
}
