// y = (x − mean) / sqrt(var + eps) · weight + bias of each group, and the group's mean, relative to
// its first element, and 1 / sqrt(var + eps): one workgroup computes one group. Includes
// `row.wgsl` and `groups.wgsl`.

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(4) var<storage, read_write> stats: array<f32>;

fn compute(row: u32, lane: u32) {
    let group_first = row % params.groups * params.channels;
    let start = row / params.groups * params.sample + group_first;
    let first = x[start];
    let count = f32(params.width);

    var sum = 0.0;
    for (var e = lane; e < params.width; e += WIDTH) {
        sum += x[start + offset(e)] - first;
    }
    let mean = row_sum(lane, sum) / count;
    var square = 0.0;
    for (var e = lane; e < params.width; e += WIDTH) {
        let centred = x[start + offset(e)] - first - mean;
        square += centred * centred;
    }
    let rstd = 1.0 / sqrt(row_sum(lane, square) / count + params.eps);
    for (var e = lane; e < params.width; e += WIDTH) {
        let at = start + offset(e);
        let channel = group_first + e % params.channels;
        y[at] = (x[at] - first - mean) * rstd * weight[channel] + bias[channel];
    }
    if lane == 0u {
        stats[2u * row] = mean;
        stats[2u * row + 1u] = rstd;
    }
}
