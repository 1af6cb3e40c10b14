//! What `stopgrad evaluate` has measured, as a table.

use serde_json::{Map, Value};

use super::html::{escape, minus};

/// The rows of an `evaluation.json`: every number and word in it, the keys of an object within
/// behind its own. Lists, such as curves, are for other eyes.
pub(super) fn rows(evaluation: &Map<String, Value>) -> String {
    let mut rows = Vec::new();
    flatten("", evaluation, &mut rows);
    let row = |(name, value): &(String, String)| {
        format!("<tr><th>{}</th><td>{}</td></tr>\n", escape(name), escape(&minus(value)))
    };
    rows.iter().map(row).collect()
}

fn flatten(prefix: &str, object: &Map<String, Value>, rows: &mut Vec<(String, String)>) {
    for (key, value) in object {
        let name = format!("{prefix}{}", key.replace('_', " "));
        match value {
            Value::Object(inner) => flatten(&format!("{name}, "), inner, rows),
            Value::Number(number) => rows.push((name, written(number))),
            Value::String(text) => rows.push((name, text.clone())),
            Value::Bool(yes) => rows.push((name, if *yes { "yes" } else { "no" }.to_owned())),
            Value::Null => rows.push((name, "–".to_owned())),
            Value::Array(_) => {}
        }
    }
}

/// A whole number as it is, another with four digits that count.
fn written(number: &serde_json::Number) -> String {
    match number.as_f64() {
        Some(x) if number.is_f64() && x != 0.0 && x.is_finite() => {
            let digits = 3 - x.abs().log10().floor() as i32;
            match digits {
                0..=8 => format!("{x:.*}", digits as usize),
                _ => format!("{x:.3e}"),
            }
        }
        _ => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_and_word_is_a_row() {
        let json = r#"{"data":"<a>","knn":76.17187,"probe":{"l2_penalty":1e-12,"steps":300},
                       "variance":[1.0,2.0],"uniformity":-1.25,"mask":null,"tuned":true}"#;
        let html = rows(&serde_json::from_str(json).expect("JSON"));
        for (name, value) in [
            ("data", "&lt;a&gt;"),
            ("knn", "76.17"),
            ("probe, l2 penalty", "1.000e−12"),
            ("probe, steps", "300"),
            ("uniformity", "−1.250"),
            ("mask", "–"),
            ("tuned", "yes"),
        ] {
            let row = format!("<tr><th>{name}</th><td>{value}</td></tr>");
            assert!(html.contains(&row), "{row}\n{html}");
        }
        assert_eq!(html.matches("<tr>").count(), 7);
    }
}
