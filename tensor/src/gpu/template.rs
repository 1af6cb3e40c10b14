//! What WGSL has no words for: lines that repeat, and matrices that are read by fours.
//!
//! Not every driver unrolls a loop, and an index that is not a number keeps values out of
//! registers. Lines between `//: repeat r 0..8` and `//: end` stand there eight times, with `$r`
//! replaced by 0 to 7; the end may be a constant declared above as `const NAME = 8u;`.
//!
//! `//: read x 0 fours` declares binding 0 as an input `x` with its readers `x_one` and `x_four`,
//! and `//: write y 2 fours` an output with `y_put`. They move four elements at once, for which
//! every row must be a whole number of fours; with `ones` they move one at a time.

use std::collections::HashMap;
use std::str::Lines;

const READ_FOURS: &str = "
@group(0) @binding(BINDING) var<storage, read> NAME: array<vec4<f32>>;

fn NAME_one(at: u32) -> f32 {
    return NAME[at / 4u][at % 4u];
}

// The four neighbours from `at` on where they are inside, else zeros. What is outside is read
// from the front and thrown away: a choice between values costs less than one between ways.
fn NAME_four(at: u32, inside: u32) -> vec4<f32> {
    return select(vec4<f32>(), NAME[select(0u, at / 4u, inside > 0u)], inside > 0u);
}
";

const READ_ONES: &str = "
@group(0) @binding(BINDING) var<storage, read> NAME: array<f32>;

fn NAME_one(at: u32) -> f32 {
    return NAME[at];
}

// The four neighbours from `at` on, of which the first `inside` count and the rest are zeros.
fn NAME_four(at: u32, inside: u32) -> vec4<f32> {
    let counts = vec4(0u, 1u, 2u, 3u) < vec4(inside);
    let ats = select(vec4(0u), vec4(at, at + 1u, at + 2u, at + 3u), counts);
    return select(vec4<f32>(), vec4(NAME[ats.x], NAME[ats.y], NAME[ats.z], NAME[ats.w]), counts);
}
";

const WRITE_FOURS: &str = "
@group(0) @binding(BINDING) var<storage, read_write> NAME: array<vec4<f32>>;

fn NAME_put(at: u32, inside: u32, four: vec4<f32>) {
    NAME[at / 4u] = four;
}
";

const WRITE_ONES: &str = "
@group(0) @binding(BINDING) var<storage, read_write> NAME: array<f32>;

// Writes the first `inside` of four neighbours.
fn NAME_put(at: u32, inside: u32, four: vec4<f32>) {
    NAME[at] = four.x;
    if inside > 1u { NAME[at + 1u] = four.y; }
    if inside > 2u { NAME[at + 2u] = four.z; }
    if inside > 3u { NAME[at + 3u] = four.w; }
}
";

/// The kernel's text as the compiler takes it.
pub(crate) fn expand(text: &str) -> String {
    let mut out = String::with_capacity(2 * text.len());
    block(&mut text.lines(), &mut HashMap::new(), &mut out);
    out
}

/// Takes the lines up to the end of a block.
fn block<'a>(lines: &mut Lines<'a>, constants: &mut HashMap<&'a str, usize>, out: &mut String) {
    while let Some(line) = lines.next() {
        let Some(directive) = line.trim_start().strip_prefix("//: ") else {
            constants.extend(constant(line));
            out.extend([line, "\n"]);
            continue;
        };
        match directive.split(' ').collect::<Vec<_>>()[..] {
            ["end"] => return,
            ["repeat", name, range] => {
                let mut body = String::new();
                block(lines, constants, &mut body);
                let end = range.trim_start_matches("0..");
                let known = || constants.get(end).copied();
                let end = end.parse().ok().or_else(known);
                for i in 0..end.unwrap_or_else(|| panic!("a kernel repeats {range}")) {
                    *out += &body.replace(&format!("${name}"), &i.to_string());
                }
            }
            [how, name, binding, by] => {
                let text = match (how, by) {
                    ("read", "fours") => READ_FOURS,
                    ("read", "ones") => READ_ONES,
                    ("write", "fours") => WRITE_FOURS,
                    ("write", "ones") => WRITE_ONES,
                    _ => panic!("a kernel says `{directive}`"),
                };
                *out += &text.replace("BINDING", binding).replace("NAME", name);
            }
            _ => panic!("a kernel says `{directive}`"),
        }
    }
}

/// The name and the number of `const NAME = 8u;`.
fn constant(line: &str) -> Option<(&str, usize)> {
    let (name, value) = line.strip_prefix("const ")?.split_once(" = ")?;
    Some((name, value.strip_suffix("u;")?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::expand;

    #[test]
    fn lines_repeat_within_each_other() {
        let text = "
const DEPTH = 2u;
//: repeat q 0..DEPTH
    b$q
    //: repeat r 0..3
    c$r += b$q * a$r;
    //: end
//: end
done";
        let words: Vec<String> = expand(text).split_whitespace().map(str::to_owned).collect();
        let products = |q: usize| (0..3).map(move |r| format!("c{r} += b{q} * a{r};"));
        let block = |q: usize| format!("b{q} {}", products(q).collect::<Vec<_>>().join(" "));
        let expected = format!("const DEPTH = 2u; {} {} done", block(0), block(1));
        assert_eq!(words.join(" "), expected);
    }

    #[test]
    fn a_matrix_is_declared_with_its_readers() {
        let text = expand("//: read x 3 fours\n//: write y 4 ones");
        assert!(text.contains("@binding(3) var<storage, read> x: array<vec4<f32>>;"));
        assert!(text.contains("fn x_four(") && text.contains("fn y_put("));
        assert!(text.contains("@binding(4) var<storage, read_write> y: array<f32>;"));
    }
}
