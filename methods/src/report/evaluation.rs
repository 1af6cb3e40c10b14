//! What `stopgrad evaluate` has measured, as a table.

use serde_json::{Map, Value};

use super::html::{escape, minus};

/// What is compared stands side by side, in this order.
const COMPARED: [&str; 3] = ["untrained", "trained", "chance"];

/// An `evaluation.json` as tables: every number and word in it, the keys of an object within behind
/// its own; and a column for each of what is compared. Lists, such as curves, are for other eyes.
pub(super) fn tables(evaluation: &Map<String, Value>) -> String {
    let mut about = Vec::new();
    let rest = evaluation.iter().filter(|(key, _)| !COMPARED.contains(&key.as_str()));
    flatten("", &rest.map(|(key, value)| (key.clone(), value.clone())).collect(), &mut about);
    let about = about.into_iter().map(|(name, value)| (name, vec![value])).collect();
    let table = |head: &str, rows: Vec<(String, Vec<String>)>| match rows.len() {
        0 => String::new(),
        _ => {
            let rows: String = rows.iter().map(row).collect();
            format!("<table class=\"measured\">{head}<tbody>\n{rows}</tbody></table>\n")
        }
    };
    let columns = COMPARED.map(|name| format!("<th>{name}</th>")).concat();
    let head = format!("<thead><tr><th></th>{columns}</tr></thead>");
    table("", about) + &table(&head, compared(evaluation))
}

fn row((name, values): &(String, Vec<String>)) -> String {
    let values: String =
        values.iter().map(|value| format!("<td>{}</td>", escape(&minus(value)))).collect();
    format!("<tr><th>{}</th>{values}</tr>\n", escape(name))
}

/// A row for each name that any of what is compared has.
fn compared(evaluation: &Map<String, Value>) -> Vec<(String, Vec<String>)> {
    let columns = COMPARED.map(|name| {
        let mut column = Vec::new();
        if let Some(Value::Object(object)) = evaluation.get(name) {
            flatten("", object, &mut column);
        }
        column
    });
    let mut rows: Vec<(String, Vec<String>)> = Vec::new();
    for (i, column) in columns.into_iter().enumerate() {
        for (name, value) in column {
            let place = rows.iter().position(|(known, _)| *known == name).unwrap_or_else(|| {
                rows.push((name, vec!["–".to_owned(); COMPARED.len()]));
                rows.len() - 1
            });
            rows[place].1[i] = value;
        }
    }
    rows
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
        let html = tables(&serde_json::from_str(json).expect("JSON"));
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

    #[test]
    fn what_is_compared_stands_side_by_side() {
        let json = r#"{"images":9,"trained":{"knn":75.5,"spread":{"std":1.0}},
                       "untrained":{"knn":50.5},"chance":{"accuracy":12.5}}"#;
        let html = tables(&serde_json::from_str(json).expect("JSON"));
        for row in [
            "<tr><th></th><th>untrained</th><th>trained</th><th>chance</th></tr>",
            "<tr><th>images</th><td>9</td></tr>",
            "<tr><th>knn</th><td>50.50</td><td>75.50</td><td>–</td></tr>",
            "<tr><th>spread, std</th><td>–</td><td>1.000</td><td>–</td></tr>",
            "<tr><th>accuracy</th><td>–</td><td>–</td><td>12.50</td></tr>",
        ] {
            assert!(html.contains(row), "{row}\n{html}");
        }
    }
}
