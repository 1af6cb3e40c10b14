// Sums of products and nothing else: sixteen vectors side by side, so that none waits for another.

struct Params {
    n: u32,
    steps: u32,
}

@group(0) @binding(0) var<storage, read_write> y: array<vec4<f32>>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = id.x + id.y * groups.x * 256u;
    if i >= params.n {
        return;
    }
    // Numbers that the compiler does not know, and that stay finite.
    let a = vec4(0.5 + f32(params.steps) * 1e-9);
    let b = vec4(f32(i) * 1e-9);
    //: repeat r 0..16
    var sum$r = b + $r.0;
    //: end
    for (var step = 0u; step < params.steps; step++) {
        //: repeat r 0..16
        sum$r = fma(sum$r, a, b);
        //: end
    }
    var total = b;
    //: repeat r 0..16
    total += sum$r;
    //: end
    y[i] = total;
}
