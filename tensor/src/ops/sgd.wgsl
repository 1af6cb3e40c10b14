// One step of stochastic gradient descent with momentum, for JOBS parameters: a workgroup steps
// 256 elements of one.

struct Params {
    //: repeat j 0..JOBS
    n$j: u32,
    lr$j: f32,
    momentum$j: f32,
    decay$j: f32,
    of_g$j: f32,
    of_mu$j: f32,
    //: end
}

//: repeat j 0..JOBS
@group(0) @binding(3u * $ju) var<storage, read> p$j: array<f32>;
@group(0) @binding(3u * $ju + 1u) var<storage, read> g$j: array<f32>;
@group(0) @binding(3u * $ju + 2u) var<storage, read> mu$j: array<f32>;
@group(0) @binding(3u * JOBS + 2u * $ju) var<storage, read_write> p_new$j: array<f32>;
@group(0) @binding(3u * JOBS + 2u * $ju + 1u) var<storage, read_write> mu_new$j: array<f32>;
//: end

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    var group = id.x + id.y * groups.x;
    //: repeat j 0..JOBS
    if group < (params.n$j + 255u) / 256u {
        let i = group * 256u + local;
        if i < params.n$j {
            let gradient = g$j[i] + params.decay$j * p$j[i];
            let momentum = params.momentum$j * mu$j[i] + gradient;
            mu_new$j[i] = momentum;
            let direction = params.of_g$j * gradient + params.of_mu$j * momentum;
            p_new$j[i] = p$j[i] - params.lr$j * direction;
        }
        return;
    }
    group -= (params.n$j + 255u) / 256u;
    //: end
}
