// The maximum of each window of [n, h, w, c], and the tap of the window that held it: the first,
// where several are equal. One invocation computes one output.

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
    // −∞, which WGSL has no literal for.
    lowest: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<storage, read_write> tap: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = id.x + id.y * groups.x * 256u;
    if i >= params.n {
        return;
    }
    let channel = i % params.c;
    let pixel = i / params.c;
    let ox = pixel % params.output_w;
    let oy = pixel / params.output_w % params.output_h;
    let image = pixel / params.output_w / params.output_h;

    var best = params.lowest;
    var best_tap = 0u;
    for (var ky = 0u; ky < params.kernel_h; ky++) {
        // Above and left of the image the difference wraps round to a large number.
        let iy = oy * params.stride_h + ky - params.padding_h;
        for (var kx = 0u; kx < params.kernel_w; kx++) {
            let ix = ox * params.stride_w + kx - params.padding_w;
            if iy < params.input_h && ix < params.input_w {
                let at = ((image * params.input_h + iy) * params.input_w + ix) * params.c;
                let value = x[at + channel];
                if value > best {
                    best = value;
                    best_tap = ky * params.kernel_w + kx;
                }
            }
        }
    }
    y[i] = best;
    tap[i] = f32(best_tap);
}
