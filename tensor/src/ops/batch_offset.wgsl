// Distances from each column's first element, totalled by `columns.wgsl`: with scale 1 / rows they
// say how far the mean lies from it. A sum of large numbers would lose digits of the mean.

alias Total = f32;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> offset: array<f32>;

fn term(at: u32, column: u32) -> Total {
    return x[at] - x[column];
}

fn store(at: u32, total: Total) {
    offset[at] = total;
}
