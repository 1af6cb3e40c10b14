//! What a table asks: rows of switches, the published numbers beside them, and the claims that are
//! held against the outcome. All of it is data, in `ablations/*.toml`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The topics, as the command names them, with their files.
const FILES: &[(&str, &str)] = &[
    ("simsiam", include_str!("../../ablations/simsiam.toml")),
    ("byol", include_str!("../../ablations/byol.toml")),
    ("batchnorm", include_str!("../../ablations/batchnorm.toml")),
    ("moco-v3", include_str!("../../ablations/moco-v3.toml")),
    ("dino", include_str!("../../ablations/dino.toml")),
    ("views", include_str!("../../ablations/views.toml")),
];

/// What every row of a method differs in from the method's recipe, so that a table takes minutes.
const SCALE: &str = include_str!("../../ablations/scale.toml");

/// A table's question.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// What is asked.
    pub question: String,
    /// The paper that asked it, with its number on arXiv.
    pub source: String,
    /// What carries over to this scale, and what does not.
    pub carries: String,
    /// The parts of the table.
    pub groups: Vec<Group>,
    /// What the paper says.
    pub claims: Vec<Claim>,
}

/// Rows that belong together.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// A word for files and for other groups' claims.
    pub key: String,
    /// What is varied.
    pub title: String,
    /// The method of all rows.
    pub method: String,
    /// Changes to the settings of every row.
    #[serde(default)]
    pub set: Vec<String>,
    /// What the published numbers are and where they stand.
    pub paper: String,
    /// Measures that have a column beside the usual ones.
    #[serde(default)]
    pub columns: Vec<String>,
    /// What is drawn over the epochs.
    #[serde(default)]
    pub curves: Vec<String>,
    /// The rows.
    pub rows: Vec<Row>,
}

/// A line of the table: a few changes to the settings, trained with every seed.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// A word for files and claims.
    pub key: String,
    /// What it is.
    pub name: String,
    /// Changes to the settings, as `--set` takes them.
    #[serde(default)]
    pub set: Vec<String>,
    /// The published number, as printed.
    #[serde(default)]
    pub paper: Option<String>,
}

/// Something that a paper says of two rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// The claim, in our words.
    pub text: String,
    /// Where it stands.
    pub source: String,
    /// The measure that it is about.
    pub measure: String,
    /// The row that has more of it, as `group.row`.
    pub more: String,
    /// The row that has less; as `group.row@measure` where it is less of another measure.
    pub less: String,
}

/// The names of the topics.
pub fn topics() -> Vec<&'static str> {
    FILES.iter().map(|(name, _)| *name).collect()
}

impl Topic {
    /// The topic of a name; `None` where there is none.
    pub fn named(name: &str) -> Option<Self> {
        let (_, text) = FILES.iter().find(|(topic, _)| *topic == name)?;
        Some(toml::from_str(text).expect("a test reads every topic"))
    }
}

/// The changes to a method's recipe that make a row take seconds.
pub fn scale(method: &str) -> Vec<String> {
    let mut scale: BTreeMap<String, Vec<String>> =
        toml::from_str(SCALE).expect("a test reads the scale");
    scale.remove(method).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::train::Settings;

    fn is_word(key: &str) -> bool {
        key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    }

    fn settings(group: &Group, row: &Row) -> Settings {
        let changes =
            scale(&group.method).into_iter().chain(group.set.clone()).chain(row.set.clone());
        let named = Settings::named(&group.method).expect("a method");
        changes.fold(named, |settings, change| match settings.set(&change) {
            Ok(settings) => settings,
            Err(error) => panic!("{}.{}: {error}", group.key, row.key),
        })
    }

    #[test]
    fn every_row_can_be_trained_and_has_a_name_of_its_own() {
        for topic in topics() {
            let topic = Topic::named(topic).expect("a topic");
            let mut keys = BTreeSet::new();
            for group in &topic.groups {
                for row in &group.rows {
                    let settings = settings(group, row);
                    settings.encoder().unwrap_or_else(|error| panic!("{}: {error}", row.key));
                    assert!(is_word(&group.key) && is_word(&row.key), "{} {}", group.key, row.key);
                    assert!(keys.insert(format!("{}.{}", group.key, row.key)), "{}", row.key);
                }
            }
            for claim in &topic.claims {
                for row in [&claim.more, &claim.less] {
                    let row = row.split('@').next().expect("a word");
                    assert!(keys.contains(row), "{}: no row {row}", claim.text);
                }
            }
        }
    }
}
