// dx[q, i] = Σ_tap Σ_j dy[q − tap, i C_OUT + j] w[tap, i C_OUT + j]: one invocation computes one
// input. The geometry's constants stand in front; GRID are the inputs and FIELD the outputs.

struct Params {
    n: u32,
}

@group(0) @binding(0) var<storage, read> w: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let at = id.x + id.y * groups.x * 256u;
    if at >= params.n {
        return;
    }
    let i = at % GROUPS;
    let pixel = at / GROUPS;
    let spot = vec2(pixel / GRID.y % GRID.x, pixel % GRID.y);
    let image = pixel / (GRID.x * GRID.y);
    var sum = 0.0;
    for (var tap = 0u; tap < KERNEL.x * KERNEL.y; tap++) {
        // The output whose tap lies over the input, if there is one: before the first the
        // difference wraps round to a large number.
        let span = spot + PADDING - vec2(tap / KERNEL.y, tap % KERNEL.y) * DILATION;
        let output = span / STRIDE;
        if any(span % STRIDE != vec2(0u)) || any(output >= FIELD) {
            continue;
        }
        let row = ((image * FIELD.x + output.x) * FIELD.y + output.y) * CHANNELS + i * C_OUT;
        for (var j = 0u; j < C_OUT; j++) {
            sum += dy[row + j] * w[tap * CHANNELS + i * C_OUT + j];
        }
    }
    dx[at] = sum;
}
