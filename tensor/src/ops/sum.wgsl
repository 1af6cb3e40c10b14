// The elements themselves, totalled by `columns.wgsl`.

alias Total = f32;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

fn term(at: u32, column: u32) -> Total {
    return x[at];
}

fn store(at: u32, total: Total) {
    y[at] = total;
}
