// y = x / max(‖x‖, eps) along rows: one workgroup normalises one row. Includes `row.wgsl`.

struct Params {
    rows: u32,
    width: u32,
    eps: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

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
    var square = 0.0;
    for (var i = first + lane; i < last; i += WIDTH) {
        square += x[i] * x[i];
    }
    let norm = max(sqrt(row_sum(lane, square)), params.eps);
    for (var i = first + lane; i < last; i += WIDTH) {
        y[i] = x[i] / norm;
    }
}
