// loss = log Σ e^(x − max) − (x[label] − max) of each row: one workgroup computes one row. Includes
// `row.wgsl`.

struct Params {
    rows: u32,
    width: u32,
    // What a label that names no class gives: NaN, which WGSL has no literal for.
    nan: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<f32>;
@group(0) @binding(2) var<storage, read_write> loss: array<f32>;

@compute @workgroup_size(WIDTH)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let row = group.x + group.y * groups.x;
    if row >= params.rows {
        return;
    }
    let first = row * params.width;
    let last = first + params.width;
    var largest = x[first];
    for (var i = first + lane; i < last; i += WIDTH) {
        largest = max(largest, x[i]);
    }
    largest = row_max(lane, largest);
    var sum = 0.0;
    for (var i = first + lane; i < last; i += WIDTH) {
        sum += exp(x[i] - largest);
    }
    sum = row_sum(lane, sum);
    if lane > 0u {
        return;
    }
    let label = labels[row];
    if label >= 0.0 && label < f32(params.width) && label == floor(label) {
        loss[row] = log(sum) - (x[first + u32(label)] - largest);
    } else {
        loss[row] = params.nan;
    }
}
