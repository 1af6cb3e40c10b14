// y[i] = x[offset + i₀ s₀ + i₁ s₁ + …]: one invocation copies one element. Includes `walk.wgsl`.

struct Params {
    walks: array<vec4<u32>, RANK>,
    n: u32,
    offset: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = id.x + id.y * groups.x * 256u;
    if i < params.n {
        y[i] = x[params.offset + walk(i).x];
    }
}
