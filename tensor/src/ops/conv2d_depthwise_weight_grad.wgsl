// dw[tap, o] = Σ_p x[p + tap, o / C_OUT] dy[p, o]: one invocation computes one weight's sum over a
// part of the pixels. The parts are added up afterwards. Includes `patches.wgsl`.

struct Params {
    n: u32,
    pixels: u32,
    // How many pixels a part has.
    part: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> partial: array<f32>;

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
    let taps = KERNEL.x * KERNEL.y;
    let view = View(KERNEL, PADDING);
    let k = i / WIDTH % taps * CHANNELS + o / C_OUT;
    let first = i / (WIDTH * taps) * params.part;
    var sum = 0.0;
    for (var pixel = first; pixel < min(first + params.part, params.pixels); pixel++) {
        sum += element(0u, pixel, k, true, view) * dy[pixel * WIDTH + o];
    }
    partial[i] = sum;
}
