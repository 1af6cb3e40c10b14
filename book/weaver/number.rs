//! Numbers in the prose, read from the result files of the runs that they quote.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// Reads `spec`, which is `results/simsiam.json:trained.knn`, or that with the number of decimals
/// to show, as in `results/simsiam.json:trained.knn:.1`. The path is relative to the book's folder.
///
/// Errors say what is wrong with the file or the key.
pub(crate) fn read(root: &Path, spec: &str) -> Result<String, String> {
    let mut fields = spec.split(':').map(str::trim);
    let (Some(path), Some(key), decimals, None) =
        (fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return Err(format!(
            "`{spec}` is not of the form `FILE.json:KEY.PATH` or with `:.1` after"
        ));
    };
    let decimals: Option<usize> = match decimals {
        None => None,
        Some(text) => {
            let count = text.strip_prefix('.').and_then(|digits| digits.parse().ok());
            Some(count.ok_or_else(|| format!("`{text}` is not a number of decimals like `.1`"))?)
        }
    };
    let text = fs::read_to_string(root.join(path))
        .map_err(|error| format!("cannot read the number file `{path}`: {error}"))?;
    let json: Value =
        serde_json::from_str(&text).map_err(|error| format!("`{path}` is not JSON: {error}"))?;
    let pointer = format!("/{}", key.replace('.', "/"));
    match (json.pointer(&pointer), decimals) {
        (Some(Value::Number(number)), None) => Ok(number.to_string()),
        (Some(Value::Number(number)), Some(decimals)) => {
            Ok(format!("{:.decimals$}", number.as_f64().unwrap_or(f64::NAN)))
        }
        (Some(Value::String(text)), None) => Ok(text.clone()),
        (Some(Value::Bool(truth)), None) => Ok(truth.to_string()),
        (Some(_), _) => Err(format!("`{key}` of `{path}` is not a number")),
        (None, _) => Err(format!("`{path}` has no `{key}`")),
    }
}
