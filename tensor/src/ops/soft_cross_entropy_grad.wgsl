// dx = (e^(x − max) / Σ e^(x − max) · Σ wanted − wanted) · dy / rows: one workgroup computes one
// row. Includes `row.wgsl` and `exponentials.wgsl`.

struct Params {
    rows: u32,
    width: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> wanted: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;

fn compute(row: u32, lane: u32) {
    let first = row * params.width;
    let last = first + params.width;
    let e = exponentials(lane, first, last);
    var mass = 0.0;
    for (var i = first + lane; i < last; i += WIDTH) {
        mass += wanted[i];
    }
    mass = row_sum(lane, mass);
    let share = dy[0] / f32(params.rows);
    for (var i = first + lane; i < last; i += WIDTH) {
        dx[i] = (exp(x[i] - e.largest) / e.sum * mass - wanted[i]) * share;
    }
}
