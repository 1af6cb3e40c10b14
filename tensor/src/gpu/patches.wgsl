// The matrix of patches: row `pixel` holds the kh·kw·c_in values under an output pixel. It is
// never built; this says where its elements lie in the image.
//
// The geometry is pasted in front as constants, so that the divisions below are by constants:
//   IMAGE, OUTPUT, KERNEL, STRIDE, PADDING: vec2<u32>, height first;  C_IN, C_OUT: u32

const PATCH = KERNEL.x * KERNEL.y * C_IN;
const OUTSIDE = 0xffffffffu;

// Where element k of a pixel's patch lies in x, or OUTSIDE.
fn place(pixel: u32, k: u32) -> u32 {
    let tap = k / C_IN;
    let output = vec2(pixel / OUTPUT.y % OUTPUT.x, pixel % OUTPUT.y);
    let image = pixel / (OUTPUT.x * OUTPUT.y);
    // Above and left of the image the difference wraps round to a large number.
    let at = output * STRIDE + vec2(tap / KERNEL.y, tap % KERNEL.y) - PADDING;
    if k >= PATCH || any(at >= IMAGE) {
        return OUTSIDE;
    }
    return ((image * IMAGE.x + at.x) * IMAGE.y + at.y) * C_IN + k % C_IN;
}

// Elements k .. k + 4 of a pixel's patch.
fn patch4(pixel: u32, k: u32) -> vec4<f32> {
    if C_IN % 4u != 0u {
        return vec4(
            x_at(place(pixel, k)),
            x_at(place(pixel, k + 1u)),
            x_at(place(pixel, k + 2u)),
            x_at(place(pixel, k + 3u)),
        );
    }
    // Four channels of one tap.
    let at = place(pixel, k);
    if at == OUTSIDE {
        return vec4<f32>();
    }
    return vec4(x[at], x[at + 1u], x[at + 2u], x[at + 3u]);
}

fn x_at(at: u32) -> f32 {
    if at == OUTSIDE {
        return 0.0;
    }
    return x[at];
}
