// One step of LARS: one invocation steps one element. `squares` holds ‖p‖² and the square of the
// decayed gradient's norm, from `lars_squares.wgsl`.

struct Params {
    n: u32,
    lr: f32,
    momentum: f32,
    decay: f32,
    trust: f32,
}

@group(0) @binding(0) var<storage, read> p: array<f32>;
@group(0) @binding(1) var<storage, read> g: array<f32>;
@group(0) @binding(2) var<storage, read> mu: array<f32>;
@group(0) @binding(3) var<storage, read> squares: array<f32>;
@group(0) @binding(4) var<storage, read_write> p_new: array<f32>;
@group(0) @binding(5) var<storage, read_write> mu_new: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = id.x + id.y * groups.x * 256u;
    if i >= params.n {
        return;
    }
    let p_norm = sqrt(squares[0]);
    let g_norm = sqrt(squares[1]);
    var scale = 1.0;
    if p_norm > 0.0 && g_norm > 0.0 {
        scale = params.trust * p_norm / g_norm;
    }
    let gradient = g[i] + params.decay * p[i];
    let momentum = params.momentum * mu[i] + scale * gradient;
    mu_new[i] = momentum;
    p_new[i] = p[i] - params.lr * momentum;
}
