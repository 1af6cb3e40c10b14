// One step of Adam with decoupled weight decay, for JOBS parameters: a workgroup steps 256 elements
// of one.

struct Params {
    //: repeat j 0..JOBS
    n$j: u32,
    shrink$j: f32,
    b1$j: f32,
    b2$j: f32,
    of_g$j: f32,
    of_g2$j: f32,
    rate$j: f32,
    root$j: f32,
    eps$j: f32,
    //: end
}

//: repeat j 0..JOBS
@group(0) @binding(4u * $ju) var<storage, read> p$j: array<f32>;
@group(0) @binding(4u * $ju + 1u) var<storage, read> g$j: array<f32>;
@group(0) @binding(4u * $ju + 2u) var<storage, read> m$j: array<f32>;
@group(0) @binding(4u * $ju + 3u) var<storage, read> v$j: array<f32>;
@group(0) @binding(4u * JOBS + 3u * $ju) var<storage, read_write> p_new$j: array<f32>;
@group(0) @binding(4u * JOBS + 3u * $ju + 1u) var<storage, read_write> m_new$j: array<f32>;
@group(0) @binding(4u * JOBS + 3u * $ju + 2u) var<storage, read_write> v_new$j: array<f32>;
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
            let mean = params.b1$j * m$j[i] + params.of_g$j * g$j[i];
            let square = params.b2$j * v$j[i] + params.of_g2$j * g$j[i] * g$j[i];
            m_new$j[i] = mean;
            v_new$j[i] = square;
            let size = sqrt(square) * params.root$j + params.eps$j;
            p_new$j[i] = p$j[i] * params.shrink$j - params.rate$j * mean / size;
        }
        return;
    }
    group -= (params.n$j + 255u) / 256u;
    //: end
}
