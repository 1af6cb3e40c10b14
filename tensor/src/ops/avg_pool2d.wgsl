// The sum under each window over the window's extent: the padding counts as zeros. One invocation
// computes one output. Includes `pool2d.wgsl`.

struct Params {
    windows: Windows,
    // One over the window's extent.
    share: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = id.x + id.y * groups.x * 256u;
    let g = params.windows;
    if i >= g.n {
        return;
    }
    let window = place(i, g.output);
    var sum = 0.0;
    for (var ky = 0u; ky < g.kernel.x; ky++) {
        for (var kx = 0u; kx < g.kernel.y; kx++) {
            let pixel = under(window.pixel, vec2(ky, kx));
            if all(pixel < g.input) {
                sum += x[element(window.image, pixel, g.input, window.channel)];
            }
        }
    }
    y[i] = sum * params.share;
}
