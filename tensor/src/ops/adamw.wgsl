// One step of Adam with decoupled weight decay: one invocation steps one element.

struct Params {
    n: u32,
    shrink: f32,
    b1: f32,
    b2: f32,
    of_g: f32,
    of_g2: f32,
    rate: f32,
    root: f32,
    eps: f32,
}

@group(0) @binding(0) var<storage, read> p: array<f32>;
@group(0) @binding(1) var<storage, read> g: array<f32>;
@group(0) @binding(2) var<storage, read> m: array<f32>;
@group(0) @binding(3) var<storage, read> v: array<f32>;
@group(0) @binding(4) var<storage, read_write> p_new: array<f32>;
@group(0) @binding(5) var<storage, read_write> m_new: array<f32>;
@group(0) @binding(6) var<storage, read_write> v_new: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = id.x + id.y * groups.x * 256u;
    if i >= params.n {
        return;
    }
    let mean = params.b1 * m[i] + params.of_g * g[i];
    let square = params.b2 * v[i] + params.of_g2 * g[i] * g[i];
    m_new[i] = mean;
    v_new[i] = square;
    let size = sqrt(square) * params.root + params.eps;
    p_new[i] = p[i] * params.shrink - params.rate * mean / size;
}
