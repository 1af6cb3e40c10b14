// y[p, o] = Σ_tap x[p + tap, o / C_OUT] w[tap, o]: one invocation computes one output. Includes
// `patches.wgsl`.

struct Params {
    n: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

const WIDTH = GROUPS * C_OUT;

fn field_one(at: u32) -> f32 {
    return x[at];
}

fn field_four(at: u32, inside: u32) -> vec4<f32> {
    return vec4<f32>(); // Channels are looked at one by one.
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = id.x + id.y * groups.x * 256u;
    if i >= params.n {
        return;
    }
    let o = i % WIDTH;
    var sum = 0.0;
    let view = View(KERNEL, PADDING);
    for (var tap = 0u; tap < KERNEL.x * KERNEL.y; tap++) {
        let k = tap * CHANNELS + o / C_OUT;
        sum += element(0u, i / WIDTH, k, true, view) * w[tap * WIDTH + o];
    }
    y[i] = sum;
}
