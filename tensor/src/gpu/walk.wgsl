// Where an element of the output comes from in two inputs that are repeated along some axes.
//
// A kernel that includes this gets `const RANK` and declares `Params` with
//   walks: array<vec4<u32>, RANK>    outermost first: (length, step in a, step in b, 0)

fn walk(index: u32) -> vec2<u32> {
    var rest = index;
    var at = vec2(0u);
    for (var axis = RANK - 1u; axis > 0u; axis--) {
        let step = params.walks[axis];
        at += rest % step.x * step.yz;
        rest /= step.x;
    }
    return at + rest * params.walks[0].yz;
}
