// y[i] = f(a[i], b[i]) with either input repeated along some axes: one invocation computes one
// element. Includes `walk.wgsl`; the function is pasted in front:
//   fn f(a: f32, b: f32) -> f32

struct Params {
    walks: array<vec4<u32>, RANK>,
    n: u32,
}

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = id.x + id.y * groups.x * 256u;
    if i < params.n {
        let at = walk(i);
        y[i] = f(a[at.x], b[at.y]);
    }
}
