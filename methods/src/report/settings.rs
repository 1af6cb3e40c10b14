//! The settings of a run, for reading.

use std::path::Path;

use toml::{Table, Value};

use super::ReportError;
use super::records::read_text;

/// The settings of a TOML file, a table's keys behind its name: `optimizer.lr`.
pub(super) fn read_settings(path: &Path) -> Result<Vec<(String, String)>, ReportError> {
    let table: Table =
        read_text(path)?.parse().map_err(|error: toml::de::Error| ReportError::Content {
            path: path.into(),
            found: error.message().into(),
            expected: "settings in TOML",
        })?;
    let mut settings = Vec::new();
    flatten("", &table, &mut settings);
    Ok(settings)
}

fn flatten(prefix: &str, table: &Table, settings: &mut Vec<(String, String)>) {
    for (key, value) in table {
        match value {
            Value::Table(inner) => flatten(&format!("{prefix}{key}."), inner, settings),
            Value::String(text) => settings.push((format!("{prefix}{key}"), text.clone())),
            other => settings.push((format!("{prefix}{key}"), written(other))),
        }
    }
}

/// A value as a person would write it: what came from single precision has its few digits.
fn written(value: &Value) -> String {
    match value {
        Value::Float(x) if f64::from(*x as f32) == *x => format!("{:?}", *x as f32),
        Value::Array(values) => {
            format!("[{}]", values.iter().map(written).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::tempdir;

    use super::*;

    #[test]
    fn tables_become_dotted_names() {
        let folder = tempdir().expect("a folder");
        let path = folder.path().join("config.toml");
        fs::write(
            &path,
            "name = 'a'\n[b]\nc = [1, 2.5]\n[b.d]\ne = true\nf = 0.20000000298023224\n",
        )
        .expect("write");
        let settings = read_settings(&path).expect("settings");
        let expected = [("b.c", "[1, 2.5]"), ("b.d.e", "true"), ("b.d.f", "0.2"), ("name", "a")];
        assert_eq!(settings, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
    }
}
