// dx = (e^(x − max) / Σ e^(x − max) − [label]) · dy / rows: one workgroup computes one row.
// Includes `row.wgsl`.

struct Params {
    rows: u32,
    width: u32,
    // What a label that names no class gives: NaN, which WGSL has no literal for.
    nan: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;

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
    let label = labels[row];
    let named = label >= 0.0 && label < f32(params.width) && label == floor(label);
    let share = select(params.nan, dy[0] / f32(params.rows), named);
    for (var i = first + lane; i < last; i += WIDTH) {
        let hit = select(0.0, 1.0, f32(i - first) == label);
        dx[i] = (exp(x[i] - largest) / sum - hit) * share;
    }
}
