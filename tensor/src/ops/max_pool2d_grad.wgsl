// Each input gathers the cotangents of the windows that it won: one invocation computes one
// input, and windows never write into each other.

struct Params {
    n: u32,
    c: u32,
    input_h: u32,
    input_w: u32,
    output_h: u32,
    output_w: u32,
    kernel_h: u32,
    kernel_w: u32,
    stride_h: u32,
    stride_w: u32,
    padding_h: u32,
    padding_w: u32,
}

@group(0) @binding(0) var<storage, read> tap: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = id.x + id.y * groups.x * 256u;
    if i >= params.n {
        return;
    }
    let channel = i % params.c;
    let pixel = i / params.c;
    let ix = pixel % params.input_w;
    let iy = pixel / params.input_w % params.input_h;
    let image = pixel / params.input_w / params.input_h;

    var sum = 0.0;
    for (var ky = 0u; ky < params.kernel_h; ky++) {
        let oy = window(iy + params.padding_h, ky, params.stride_h, params.output_h);
        for (var kx = 0u; kx < params.kernel_w; kx++) {
            let ox = window(ix + params.padding_w, kx, params.stride_w, params.output_w);
            if oy < params.output_h && ox < params.output_w {
                let at = ((image * params.output_h + oy) * params.output_w + ox) * params.c;
                if tap[at + channel] == f32(ky * params.kernel_w + kx) {
                    sum += dy[at + channel];
                }
            }
        }
    }
    dx[i] = sum;
}

// The window whose tap k lies on padded input position i; `outputs` where there is none.
fn window(i: u32, k: u32, stride: u32, outputs: u32) -> u32 {
    let span = i - k;
    if i < k || span % stride != 0u {
        return outputs;
    }
    return span / stride;
}
