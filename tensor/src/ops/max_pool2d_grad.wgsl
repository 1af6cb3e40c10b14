// Each input gathers the cotangents of the windows that it won: one invocation computes one
// input, and windows never write into each other. Includes `pool2d.wgsl`.

struct Params {
    windows: Windows,
}

@group(0) @binding(0) var<storage, read> tap: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = id.x + id.y * groups.x * 256u;
    let g = params.windows;
    if i >= g.n {
        return;
    }
    let input = place(i, g.input);
    var sum = 0.0;
    for (var ky = 0u; ky < g.kernel.x; ky++) {
        for (var kx = 0u; kx < g.kernel.y; kx++) {
            let window = over(input.pixel, vec2(ky, kx));
            if all(window < g.output) {
                let at = element(input.image, window, g.output, input.channel);
                if tap[at] == f32(ky * g.kernel.y + kx) {
                    sum += dy[at];
                }
            }
        }
    }
    dx[i] = sum;
}
