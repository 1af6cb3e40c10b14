// x with a margin of one value: one invocation writes one element.

struct Params {
    // Outermost first: (length with its margins, margin before, length in x, 0)
    axes: array<vec4<u32>, RANK>,
    n: u32,
    value: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let at = id.x + id.y * groups.x * 256u;
    if at >= params.n {
        return;
    }
    var rest = at;
    var place = 0u;
    var stride = 1u;
    var inside = true;
    for (var k = RANK; k > 0u; k--) {
        let axis = params.axes[k - 1u];
        // In the margin before, the difference wraps round to a large number.
        let i = rest % axis.x - axis.y;
        inside &= i < axis.z;
        rest /= axis.x;
        place += i * stride;
        stride *= axis.z;
    }
    if inside {
        y[at] = x[place];
    } else {
        y[at] = params.value;
    }
}
