// How a group of channels lies in [n, …, c], for kernels in which a workgroup owns a group. Comes
// with `row.wgsl`, whose rows are the groups.

struct Params {
    rows: u32,
    width: u32,
    groups: u32,
    // Of a group.
    channels: u32,
    // Elements of a sample.
    sample: u32,
    eps: f32,
}

// Where element `e` of a group lies behind its first.
fn offset(e: u32) -> u32 {
    return e / params.channels * (params.channels * params.groups) + e % params.channels;
}
