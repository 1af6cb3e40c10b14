// One step of stochastic gradient descent with momentum: one invocation steps one element.

struct Params {
    n: u32,
    lr: f32,
    momentum: f32,
    decay: f32,
    of_g: f32,
    of_mu: f32,
}

@group(0) @binding(0) var<storage, read> p: array<f32>;
@group(0) @binding(1) var<storage, read> g: array<f32>;
@group(0) @binding(2) var<storage, read> mu: array<f32>;
@group(0) @binding(3) var<storage, read_write> p_new: array<f32>;
@group(0) @binding(4) var<storage, read_write> mu_new: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = id.x + id.y * groups.x * 256u;
    if i >= params.n {
        return;
    }
    let gradient = g[i] + params.decay * p[i];
    let momentum = params.momentum * mu[i] + gradient;
    mu_new[i] = momentum;
    p_new[i] = p[i] - params.lr * (params.of_g * gradient + params.of_mu * momentum);
}
