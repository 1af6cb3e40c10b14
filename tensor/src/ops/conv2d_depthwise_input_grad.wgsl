// dx[q, i] = Σ_tap Σ_j dy[q − tap, i C_OUT + j] w[tap, i C_OUT + j]: one invocation computes one
// input. Includes `patches.wgsl`.

struct Params {
    n: u32,
}

@group(0) @binding(0) var<storage, read> w: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;

fn value(at: u32) -> f32 {
    return dy[at];
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let at = id.x + id.y * groups.x * 256u;
    if at >= params.n {
        return;
    }
    let i = at % GROUPS;
    var sum = 0.0;
    for (var tap = 0u; tap < TAPS; tap++) {
        for (var j = 0u; j < C_OUT; j++) {
            let k = tap * CHANNELS + i * C_OUT + j;
            sum += value_from(0u, place(at / GROUPS, k)) * w[k];
        }
    }
    dx[at] = sum;
}
