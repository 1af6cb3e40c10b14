// Random numbers by Philox 4×32-10: one invocation makes a block of four. The distribution is
// pasted in front:
//   fn numbers(words: vec4<u32>) -> vec4<f32>

struct Params {
    n: u32,
    k0: u32,
    k1: u32,
    s0: u32,
    s1: u32,
}

@group(0) @binding(0) var<storage, read_write> y: array<f32>;

// The upper 32 bits of a product, by halves of 16 bits.
fn high(a: u32, b: u32) -> u32 {
    let a0 = a & 0xffffu;
    let a1 = a >> 16u;
    let b0 = b & 0xffffu;
    let b1 = b >> 16u;
    let middle = a1 * b0 + ((a0 * b0) >> 16u);
    let carry = (a0 * b1 + (middle & 0xffffu)) >> 16u;
    return a1 * b1 + (middle >> 16u) + carry;
}

fn philox(counter: vec4<u32>, seed: vec2<u32>) -> vec4<u32> {
    let m = vec2<u32>(0xD2511F53u, 0xCD9E8D57u);
    var x = counter;
    var key = seed;
    for (var round = 0u; round < 10u; round++) {
        let a = high(m.x, x.x);
        let b = high(m.y, x.z);
        x = vec4<u32>(b ^ x.y ^ key.x, m.y * x.z, a ^ x.w ^ key.y, m.x * x.x);
        key += vec2<u32>(0x9E3779B9u, 0xBB67AE85u);
    }
    return x;
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let block = id.x + id.y * groups.x * 256u;
    let at = block * 4u;
    if at >= params.n {
        return;
    }
    let counter = vec4<u32>(block, 0u, params.s0, params.s1);
    let drawn = numbers(philox(counter, vec2<u32>(params.k0, params.k1)));
    for (var i = 0u; i < min(4u, params.n - at); i++) {
        y[at + i] = drawn[i];
    }
}
