// y[outer, i, inner] = Σ_j w[i, j] x[outer, j, inner]: one invocation computes one output.

struct Params {
    n: u32,
    inner: u32,
    // The lengths of the axis in x and in y.
    inputs: u32,
    outputs: u32,
    // The length of a row of the table.
    width: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
// A row for each output: the first input of its run, how many there are, and their weights.
@group(0) @binding(1) var<storage, read> table: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let at = id.x + id.y * groups.x * 256u;
    if at >= params.n {
        return;
    }
    let row = at / params.inner;
    let run = row % params.outputs * params.width;
    let first = row / params.outputs * params.inputs + u32(table[run]);
    let count = u32(table[run + 1u]);

    var sum = 0.0;
    for (var j = 0u; j < count; j++) {
        sum += table[run + 2u + j] * x[(first + j) * params.inner + at % params.inner];
    }
    y[at] = sum;
}
