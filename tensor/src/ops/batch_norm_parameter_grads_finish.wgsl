// The cotangents of weight and bias from Σ dy (x − mean) and Σ dy, [2, c]: one invocation
// computes one column.

struct Params {
    c: u32,
    eps: f32,
}

@group(0) @binding(0) var<storage, read> sums: array<f32>;
@group(0) @binding(1) var<storage, read> variance: array<f32>;
@group(0) @binding(2) var<storage, read_write> dweight: array<f32>;
@group(0) @binding(3) var<storage, read_write> dbias: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let j = id.x + id.y * groups.x * 256u;
    if j < params.c {
        dweight[j] = sums[j] * inverseSqrt(variance[j] + params.eps);
        dbias[j] = sums[params.c + j];
    }
}
