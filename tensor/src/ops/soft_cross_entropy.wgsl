// loss = Σ wanted · (log Σ e^(x − max) − (x − max)) of each row: one workgroup computes one row.
// Includes `row.wgsl`.

struct Params {
    rows: u32,
    width: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> wanted: array<f32>;
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
    let log_sum = log(row_sum(lane, sum));
    var product = 0.0;
    for (var i = first + lane; i < last; i += WIDTH) {
        product += wanted[i] * (log_sum - (x[i] - largest));
    }
    product = row_sum(lane, product);
    if lane == 0u {
        loss[row] = product;
    }
}
