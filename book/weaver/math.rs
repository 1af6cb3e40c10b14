//! Formulas: LaTeX in the chapter, MathML in the page, with no script between.

use math_core::{LatexToMathML, MathCoreConfig, MathDisplay};

use crate::markdown::Formula;

/// The formula as MathML that a Markdown parser leaves alone, and how many bytes of `after`, the
/// text behind it, it takes in: a browser may break the line between a formula and its full stop.
///
/// Errors are the converter's.
pub(crate) fn render(formula: &Formula, after: &str) -> Result<(String, usize), String> {
    let refused = |error: String| format!("`{}` is not a formula: {error}", formula.latex.trim());
    let converter = LatexToMathML::new(MathCoreConfig::default())
        .map_err(|error| refused(format!("{error:?}")))?;
    let display = if formula.display { MathDisplay::Block } else { MathDisplay::Inline };
    let mathml = converter
        .convert_with_local_counter(formula.latex.trim(), display)
        .map_err(|error| refused(error.to_string()))?;
    let mathml = shield(&mathml);
    let stop = after.len() - after.trim_start_matches(['.', ',', ';', ':', ')', '?']).len();
    if formula.display || stop == 0 {
        return Ok((mathml, 0));
    }
    Ok((format!("<span class=\"formula\">{mathml}{}</span>", &after[..stop]), stop))
}

/// Writes the punctuation between tags as entities: `<mo>*</mo>` would begin an emphasis.
fn shield(mathml: &str) -> String {
    let mut shielded = String::with_capacity(mathml.len());
    let mut in_tag = false;
    for c in mathml.chars() {
        in_tag |= c == '<';
        if c.is_ascii_punctuation() && !in_tag && !"&#;".contains(c) {
            shielded.push_str(&format!("&#{};", u32::from(c)));
        } else {
            shielded.push(c);
        }
        in_tag &= c != '>';
    }
    shielded
}
