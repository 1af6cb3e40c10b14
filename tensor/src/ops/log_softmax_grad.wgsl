// dx = dy − eʸ Σ dy along rows: one workgroup computes one row. Includes `row.wgsl`.

struct Params {
    rows: u32,
    width: u32,
}

@group(0) @binding(0) var<storage, read> y: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;

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
    var sum = 0.0;
    for (var i = first + lane; i < last; i += WIDTH) {
        sum += dy[i];
    }
    sum = row_sum(lane, sum);
    for (var i = first + lane; i < last; i += WIDTH) {
        dx[i] = dy[i] - exp(y[i]) * sum;
    }
}
