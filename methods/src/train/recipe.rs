//! Settings for the eye: a recipe with its comments, and what was changed of it.

use toml::{Table, Value};
use toml_edit::{DocumentMut, Item, Table as Tables};

use super::{Settings, SettingsError};
use crate::registry;

impl Settings {
    /// The settings as a configuration file with the comments of a recipe; a value that differs
    /// from the recipe's says so.
    ///
    /// # Errors
    /// Where there is no such recipe.
    pub fn annotated(&self, recipe: &str) -> Result<String, SettingsError> {
        let original = Settings::recipe(&self.run.method, recipe)?.to_table();
        let text = registry::recipe(&self.run.method, recipe).unwrap_or_default();
        let mut document: DocumentMut = text.parse().expect("a test reads every recipe");
        change(document.as_table_mut(), &original, &self.to_table());
        Ok(document.to_string())
    }
}

/// Writes what differs into a document.
fn change(document: &mut Tables, original: &Table, now: &Table) {
    document.retain(|key, _| now.contains_key(key));
    for (key, value) in now {
        match (document.get_mut(key), original.get(key), value) {
            (Some(Item::Table(inner)), Some(Value::Table(original)), Value::Table(now)) => {
                change(inner, original, now);
            }
            (Some(item), Some(old), new) if old != new => {
                let source = item.as_value().and_then(|value| value.decor().suffix()?.as_str());
                let source = source.unwrap_or_default().trim_start_matches([' ', '#']);
                let comment = format!(" # set here; the recipe has {}: {source}", written(old));
                *item = Item::Value(written(new).decorated(" ", comment));
            }
            (None, _, new) => {
                document.insert(key, Item::Value(written(new).decorated(" ", " # set here")));
            }
            _ => {}
        }
    }
}

/// A value as a person would write it: what came from single precision has its few digits.
fn written(value: &Value) -> toml_edit::Value {
    match value {
        Value::Float(x) => match (*x as f32).to_string().parse() {
            Ok(short) if f64::from(*x as f32) == *x => f64::into(short),
            _ => (*x).into(),
        },
        Value::Array(values) => values.iter().map(written).collect(),
        other => other.to_string().parse().expect("TOML is TOML"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_from_the_recipe_says_so() {
        let settings = Settings::named("byol").expect("a method");
        let settings = settings.set("base_lr=0.1").expect("a rate").set("view1.gray_p=0.3");
        let rule = "optimizer={ rule = \"lars\", momentum = 0.9, trust = 0.01 }";
        let settings = settings.expect("a probability").set(rule).expect("another rule");
        let text = settings.annotated("laptop").expect("a recipe");
        for line in [
            "base_lr = 0.1 # set here; the recipe has ",
            "gray_p = 0.3 # set here; the recipe has 0.2: Table 6",
            "rule = \"lars\" # set here; the recipe has \"sgd\": ",
            "trust = 0.01 # set here",
            "hidden = ",
        ] {
            assert!(text.contains(&format!("\n{line}")), "{line} in\n{text}");
        }
        assert!(!text.contains("nesterov"), "{text}");
        let table: Table = text.parse().expect("TOML");
        assert_eq!(table["byol"]["optimizer"], settings.to_table()["byol"]["optimizer"]);
    }
}
