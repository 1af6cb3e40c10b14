// 24 bits of each word, which f32 holds exactly. Pasted into `random.wgsl`.

fn numbers(words: vec4<u32>) -> vec4<f32> {
    return vec4<f32>(words >> vec4<u32>(8u)) * 0x1p-24f;
}
