// The maximum of each window, and the tap of the window that held it: the first, where several
// are equal, and −1 where the window lies in the padding. A NaN is larger than any number. One
// invocation computes one output. Includes `pool2d.wgsl`.

struct Params {
    windows: Windows,
    // −∞, which WGSL has no literal for.
    lowest: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<storage, read_write> tap: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = id.x + id.y * groups.x * 256u;
    let g = params.windows;
    if i >= g.n {
        return;
    }
    let window = place(i, g.output);
    var best = params.lowest;
    var best_tap = -1.0;
    for (var ky = 0u; ky < g.kernel.x; ky++) {
        for (var kx = 0u; kx < g.kernel.y; kx++) {
            let pixel = under(window.pixel, vec2(ky, kx));
            if all(pixel < g.input) {
                let value = x[element(window.image, pixel, g.input, window.channel)];
                let first_nan = is_nan(value) && !is_nan(best);
                if value > best || first_nan || best_tap < 0.0 {
                    best = value;
                    best_tap = f32(ky * g.kernel.y + kx);
                }
            }
        }
    }
    y[i] = best;
    tap[i] = best_tap;
}

// By its bits: a compiler may take it for granted that a number equals itself.
fn is_nan(value: f32) -> bool {
    return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
}
