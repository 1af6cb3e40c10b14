// c = a b, all of them [n, n]: one invocation computes one element of c.

struct Params {
    n: u32,
}

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> c: array<f32>;

// ANCHOR: main
@compute @workgroup_size(16, 16)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let n = params.n;
    let i = id.y;
    let j = id.x;
    if i >= n || j >= n {
        return;
    }
    var sum = 0.0;
    for (var p = 0u; p < n; p++) {
        sum += a[i * n + p] * b[p * n + j];
    }
    c[i * n + j] = sum;
}
// ANCHOR_END: main
