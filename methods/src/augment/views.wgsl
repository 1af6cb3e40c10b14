// A workgroup makes a view of a picture: cuts it out, mirrors it and changes its colours, as
// `geometry.rs` and `color.rs` do. Blur and normalisation are `blur.wgsl`'s.
//
// `plan` begins with two words a view: where its block begins, and where its picture begins in
// `pixels`. What stands at which place of a block is said in `gpu.rs`.

struct Params { height: u32, width: u32 }

@group(0) @binding(0) var<storage, read> pixels: array<u32>;
@group(0) @binding(1) var<storage, read> plan: array<u32>;
@group(0) @binding(2) var<storage, read_write> views: array<f32>;

const THREADS = 256u;
var<workgroup> sums: array<f32, THREADS>;

/// The colour of a pixel: four bytes in one word, or a float in each of three.
fn colour(words: u32, picture: u32, pixel: u32) -> vec3<f32> {
    let at = picture + words * pixel;
    if words == 1u {
        return unpack4x8unorm(pixels[at]).xyz;
    }
    return bitcast<vec3<f32>>(vec3(pixels[at], pixels[at + 1u], pixels[at + 2u]));
}

/// A pixel of the crop, resized: a weighted sum over rows of the picture, then over columns.
fn resized(block: u32, picture: u32, row: u32, column: u32) -> vec3<f32> {
    let words = plan[block + WORDS];
    let width = plan[block + WIDTH];
    let down = plan[block + DOWN] + 3u * row + block;
    let along = plan[block + ALONG] + 3u * column + block;
    let top = plan[block + TOP] + plan[down];
    let left = plan[block + LEFT] + plan[along];
    var sum = vec3(0.0);
    for (var x = 0u; x < plan[along + 1u]; x++) {
        var mixed = vec3(0.0);
        for (var y = 0u; y < plan[down + 1u]; y++) {
            let weight = bitcast<f32>(plan[block + plan[down + 2u] + y]);
            mixed += weight * colour(words, picture, (top + y) * width + left + x);
        }
        sum += bitcast<f32>(plan[block + plan[along + 2u] + x]) * mixed;
    }
    return saturate(sum);
}

fn grey(pixel: vec3<f32>) -> f32 {
    return 0.2989 * pixel.x + 0.587 * pixel.y + 0.114 * pixel.z;
}

fn turned(pixel: vec3<f32>, factor: f32) -> vec3<f32> {
    let value = max(max(pixel.x, pixel.y), pixel.z);
    let chroma = value - min(min(pixel.x, pixel.y), pixel.z);
    var sector = 4.0;
    var rise = pixel.x - pixel.y;
    if pixel.x == value {
        sector = 0.0;
        rise = pixel.y - pixel.z;
    } else if pixel.y == value {
        sector = 2.0;
        rise = pixel.z - pixel.x;
    }
    var hue = sector + 6.0 * factor;
    if chroma > 0.0 {
        hue += rise / chroma;
    }
    let turned = vec3(5.0, 3.0, 1.0) + hue;
    let k = turned - 6.0 * floor(turned * (1.0 / 6.0));
    return saturate(value - chroma * saturate(min(k, 4.0 - k)));
}

/// A pixel after the colour changes from `begin` up to, not including, `end`. `mean` is the view's
/// grey, for contrast.
fn changed(block: u32, first: vec3<f32>, begin: u32, end: u32, mean: f32) -> vec3<f32> {
    var pixel = first;
    for (var i = begin; i < end; i++) {
        let at = block + CHANGES + 2u * i;
        let factor = bitcast<f32>(plan[at + 1u]);
        switch plan[at] {
            case BRIGHTNESS: { pixel = saturate(factor * pixel); }
            case CONTRAST: { pixel = saturate(factor * pixel + (1.0 - factor) * mean); }
            case SATURATION: { pixel = saturate(factor * pixel + (1.0 - factor) * grey(pixel)); }
            case HUE: { pixel = turned(pixel, factor); }
            default: { pixel = vec3(grey(pixel)); }
        }
    }
    return pixel;
}

// ANCHOR: main
@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let block = plan[2u * group.x];
    let picture = plan[2u * group.x + 1u] + plan[block + PICTURE];
    let count = plan[block + COUNT];
    let early = plan[block + EARLY];
    let area = params.height * params.width;

    // All that needs no mean. From here on an invocation reads only what it wrote itself.
    var total = 0.0;
    for (var i = thread; i < area; i += THREADS) {
        let row = i / params.width;
        var column = i % params.width;
        if plan[block + FLIP] == 1u {
            column = params.width - 1u - column;
        }
        let pixel = changed(block, resized(block, picture, row, column), 0u, early, 0.0);
        total += grey(pixel);
        let at = 3u * (group.x * area + i);
        views[at] = pixel.x;
        views[at + 1u] = pixel.y;
        views[at + 2u] = pixel.z;
    }

    sums[thread] = total;
    workgroupBarrier();
    for (var half = THREADS / 2u; half > 0u; half /= 2u) {
        if thread < half {
            sums[thread] += sums[thread + half];
        }
        workgroupBarrier();
    }
    if early == count {
        return;
    }
    let mean = sums[0] / f32(area);
    for (var i = thread; i < area; i += THREADS) {
        let at = 3u * (group.x * area + i);
        let before = vec3(views[at], views[at + 1u], views[at + 2u]);
        let pixel = changed(block, before, early, count, mean);
        views[at] = pixel.x;
        views[at + 1u] = pixel.y;
        views[at + 2u] = pixel.z;
    }
}
// ANCHOR_END: main
