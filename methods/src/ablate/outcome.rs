//! What came of a table: each row over its seeds, and a word for each claim.

use serde::Serialize;

use super::measure::Ran;
use super::{ByKey, Claim, Group, Plan, Row};

/// Less than this many points or units between two rows of one seed counts as no difference.
const SLIGHT: f64 = 1e-9;

/// A group with its rows and the runs of each, one a seed.
pub(super) type Trained<'a> = (&'a Group, Vec<(&'a Row, Vec<Ran>)>);

/// The outcome of a topic.
#[derive(Clone, Debug, Serialize)]
pub struct Ablation {
    /// The topic's name.
    pub topic: String,
    /// What it asks.
    pub question: String,
    /// Who asked it.
    pub source: String,
    /// What carries over to this scale, and what does not.
    pub carries: String,
    /// The command that makes this outcome.
    pub command: String,
    /// The version of the program.
    pub version: &'static str,
    /// The seeds of each row.
    pub seeds: Vec<u64>,
    /// The groups' rows by their keys.
    pub groups: ByKey<GroupOutcome>,
    /// What became of the claims.
    pub claims: Vec<Judged>,
    /// The groups in the order of the table.
    #[serde(skip)]
    pub(super) order: Vec<String>,
}

/// The outcome of a group.
#[derive(Clone, Debug, Serialize)]
pub struct GroupOutcome {
    /// What is varied.
    pub title: String,
    /// What the published numbers are.
    pub paper: String,
    /// The outcome of each row by its key.
    pub rows: ByKey<RowOutcome>,
    /// The measures of the columns beside the usual ones.
    pub columns: Vec<String>,
    /// What is drawn over the epochs.
    #[serde(skip)]
    pub(super) curves: Vec<String>,
    /// The rows in the order of the table.
    #[serde(skip)]
    pub(super) order: Vec<String>,
}

/// The outcome of a row.
#[derive(Clone, Debug, Serialize)]
pub struct RowOutcome {
    /// What it is.
    pub name: String,
    /// The method.
    pub method: String,
    /// What `--set` takes, beside what its group shares.
    pub changes: Vec<String>,
    /// The published number.
    pub paper: Option<String>,
    /// How many runs ended collapsed.
    pub collapsed: usize,
    /// How many diverged.
    pub diverged: usize,
    /// The measures by name, over the seeds.
    pub measures: ByKey<Spread>,
    /// For each curve that is drawn, the epochs and what was measured there with each seed.
    #[serde(skip)]
    pub(super) courses: ByKey<Vec<(f64, Spread)>>,
}

/// A measure over the seeds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// The mean of those that are finite.
    pub mean: f64,
    /// The least.
    pub least: f64,
    /// The most.
    pub most: f64,
    /// Each seed's; not finite where it was not measured.
    pub each: Vec<f64>,
}

/// What became of a claim.
#[derive(Clone, Debug, Serialize)]
pub struct Judged {
    /// The claim.
    #[serde(flatten)]
    pub claim: Claim,
    /// The word for it.
    pub word: Word,
    /// By how much the row that should have more has more, a value a seed.
    pub differences: Vec<f64>,
}

/// What a table says to a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Word {
    /// With every seed the difference is as claimed.
    Seen,
    /// The seeds disagree, or there is no difference.
    NotSeen,
    /// With every seed it is the other way round.
    Opposite,
}

impl Word {
    /// As the table has it.
    pub fn text(self) -> &'static str {
        match self {
            Word::Seen => "seen",
            Word::NotSeen => "not seen",
            Word::Opposite => "opposite",
        }
    }

    /// Of the differences that two rows have with each seed.
    fn of(differences: &[f64]) -> Self {
        let all = |f: fn(f64) -> bool| !differences.is_empty() && differences.iter().all(|&d| f(d));
        match () {
            () if all(|d| d > SLIGHT) => Word::Seen,
            () if all(|d| d < -SLIGHT) => Word::Opposite,
            () => Word::NotSeen,
        }
    }
}

impl Spread {
    /// Of a value a seed.
    pub fn of(each: Vec<f64>) -> Self {
        let finite: Vec<f64> = each.iter().copied().filter(|x| x.is_finite()).collect();
        let fold = |f: fn(f64, f64) -> f64| finite.iter().copied().reduce(f).unwrap_or(f64::NAN);
        let mean = finite.iter().sum::<f64>() / finite.len() as f64;
        Spread { mean, least: fold(f64::min), most: fold(f64::max), each }
    }
}

impl Ablation {
    /// From the runs of all rows.
    pub(super) fn of(plan: &Plan, groups: Vec<Trained<'_>>) -> Self {
        let claims = plan.topic.claims.iter().map(|claim| judge(claim, &groups)).collect();
        let order = groups.iter().map(|(group, _)| group.key.clone()).collect();
        let outcome = |(group, rows): Trained<'_>| {
            (group.key.clone(), GroupOutcome::of(group, &rows, &plan.topic.claims))
        };
        let command: Vec<String> = [
            vec![format!("stopgrad ablate {}", plan.name)],
            vec![format!("--seeds {}", plan.seeds.len())],
            plan.changes.iter().map(|change| format!("--set {change}")).collect(),
        ]
        .concat();
        Ablation {
            topic: plan.name.clone(),
            question: plan.topic.question.clone(),
            source: plan.topic.source.clone(),
            carries: plan.topic.carries.clone(),
            command: command.join(" "),
            version: env!("CARGO_PKG_VERSION"),
            seeds: plan.seeds.clone(),
            groups: groups.into_iter().map(outcome).collect(),
            claims,
            order,
        }
    }

    /// The groups in the order of the table.
    pub(super) fn in_order(&self) -> impl Iterator<Item = (&String, &GroupOutcome)> {
        self.order.iter().map(|key| (key, &self.groups[key]))
    }
}

impl GroupOutcome {
    fn of(group: &Group, rows: &[(&Row, Vec<Ran>)], claims: &[Claim]) -> Self {
        let row = |(row, runs): &(&Row, Vec<Ran>)| {
            (row.key.clone(), RowOutcome::of(group, row, runs, claims))
        };
        GroupOutcome {
            title: group.title.clone(),
            paper: group.paper.clone(),
            rows: rows.iter().map(row).collect(),
            columns: group.columns.clone(),
            curves: group.curves.clone(),
            order: rows.iter().map(|(row, _)| row.key.clone()).collect(),
        }
    }

    /// The rows in the order of the table.
    pub(super) fn in_order(&self) -> impl Iterator<Item = &RowOutcome> {
        self.order.iter().map(|key| &self.rows[key])
    }
}

/// What every row tells.
const USUAL: [&str; 6] = ["untrained", "knn", "std", "rankme", "loss", "seconds"];

impl RowOutcome {
    fn of(group: &Group, row: &Row, runs: &[Ran], claims: &[Claim]) -> Self {
        let spread = |name: &str| Spread::of(runs.iter().map(|run| run.measure(name)).collect());
        let names = USUAL.into_iter().chain(group.measures(claims));
        let courses = |name: &String| (name.clone(), course(runs, name));
        let results = || runs.iter().flat_map(|run| &run.result);
        RowOutcome {
            name: row.name.clone(),
            method: group.method.clone(),
            changes: row.set.clone(),
            paper: row.paper.clone(),
            collapsed: results().filter(|result| result.collapsed).count(),
            diverged: runs.len() - results().count(),
            measures: names.map(|name| (name.to_owned(), spread(name))).collect(),
            courses: group.curves.iter().map(courses).collect(),
        }
    }
}

/// A measure over the epochs and over the seeds.
fn course(runs: &[Ran], name: &str) -> Vec<(f64, Spread)> {
    let courses: Vec<_> = runs.iter().map(|run| run.course(name)).collect();
    let longest = courses.iter().max_by_key(|course| course.len());
    let epochs = longest.into_iter().flatten().map(|&(epoch, _)| epoch);
    let at = |epoch: f64| {
        let of = |course: &Vec<(f64, f64)>| {
            course.iter().find(|point| point.0 == epoch).map(|&(_, value)| value)
        };
        (epoch, Spread::of(courses.iter().filter_map(of).collect()))
    };
    epochs.map(at).collect()
}

/// Holds a claim against the runs of its two rows, seed by seed. A run that diverged has no
/// measure, so its seed says nothing.
fn judge(claim: &Claim, groups: &[Trained<'_>]) -> Judged {
    let measures = |name: &str| -> Vec<f64> {
        let (name, measure) = name.split_once('@').unwrap_or((name, &claim.measure));
        let rows = groups.iter().flat_map(|(group, rows)| rows.iter().map(move |row| (group, row)));
        let mut named =
            rows.filter(|(group, (row, _))| name == format!("{}.{}", group.key, row.key));
        let runs = named.next().map_or(&[][..], |(_, (_, runs))| runs);
        runs.iter().map(|run| run.measure(measure)).collect()
    };
    let pairs = measures(&claim.more).into_iter().zip(measures(&claim.less));
    let differences: Vec<f64> = pairs.map(|(more, less)| more - less).collect();
    let known: Vec<f64> = differences.iter().copied().filter(|d| d.is_finite()).collect();
    Judged { claim: claim.clone(), word: Word::of(&known), differences }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_seen_only_where_all_seeds_agree() {
        assert_eq!(Word::of(&[0.4, 3.0, 8.0]), Word::Seen);
        assert_eq!(Word::of(&[-0.4, -3.0]), Word::Opposite);
        assert_eq!(Word::of(&[0.4, -3.0, 8.0]), Word::NotSeen);
        assert_eq!(Word::of(&[0.0, 3.0]), Word::NotSeen);
        assert_eq!(Word::of(&[]), Word::NotSeen);
    }

    #[test]
    fn a_spread_leaves_out_what_was_not_measured() {
        let spread = Spread::of(vec![3.0, f64::NAN, 5.0]);
        assert_eq!((spread.mean, spread.least, spread.most), (4.0, 3.0, 5.0));
        assert!(Spread::of(vec![f64::NAN]).mean.is_nan());
    }
}
