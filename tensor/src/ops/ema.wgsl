// The moving averages of JOBS parameters: a workgroup steps 256 elements of one.

struct Params {
    //: repeat j 0..JOBS
    n$j: u32,
    stay$j: f32,
    follow$j: f32,
    scale$j: f32,
    //: end
}

//: repeat j 0..JOBS
@group(0) @binding(2u * $ju) var<storage, read> t$j: array<f32>;
@group(0) @binding(2u * $ju + 1u) var<storage, read> s$j: array<f32>;
@group(0) @binding(2u * JOBS + $ju) var<storage, read_write> t_new$j: array<f32>;
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
            t_new$j[i] = t$j[i] * params.stay$j + s$j[i] * params.scale$j * params.follow$j;
        }
        return;
    }
    group -= (params.n$j + 255u) / 256u;
    //: end
}
