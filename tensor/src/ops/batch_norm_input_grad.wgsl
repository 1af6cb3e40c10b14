// dx = weight / sqrt(var + eps) · (dy − (dbias + x̂ · dweight) / rows): one invocation computes
// one element.

struct Params {
    n: u32,
    c: u32,
    rows: u32,
    eps: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> mean: array<f32>;
@group(0) @binding(2) var<storage, read> variance: array<f32>;
@group(0) @binding(3) var<storage, read> weight: array<f32>;
@group(0) @binding(4) var<storage, read> dy: array<f32>;
@group(0) @binding(5) var<storage, read> dweight: array<f32>;
@group(0) @binding(6) var<storage, read> dbias: array<f32>;
@group(0) @binding(7) var<storage, read_write> dx: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = id.x + id.y * groups.x * 256u;
    if i >= params.n {
        return;
    }
    let j = i % params.c;
    let count = f32(params.rows);
    let rstd = inverseSqrt(variance[j] + params.eps);
    let scale = rstd * weight[j];
    let slope = rstd * dweight[j] / count;
    let shift = dbias[j] / count;
    dx[i] = scale * (dy[i] - shift - (x[i] - mean[j]) * slope);
}
