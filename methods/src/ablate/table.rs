//! An outcome as Markdown, which reads well as it stands, too.

use std::path::Path;

use super::measure::heading;
use super::outcome::{Ablation, GroupOutcome, Judged, RowOutcome, Spread};
use super::{dots, lines};
use crate::report::{ReportError, number, write_json, write_whole};

impl Ablation {
    /// The whole outcome as one page.
    pub fn markdown(&self) -> String {
        let Ablation { question, source, command, carries, .. } = self;
        let mut page = format!("# {question}\n\n{source}. Made by `{command}`.\n");
        for (key, group) in self.in_order() {
            page += &format!("\n## {}\n\n{}", group.title, group.markdown());
            page += &format!("\n![{}: k-NN with each seed]({key}.svg)\n", group.title);
            if !group.curves.is_empty() {
                page += &format!("\n![{}: over the epochs]({key}-curves.svg)\n", group.title);
            }
        }
        page += &format!("\n## What the paper says, and what is seen here\n\n{}", self.judged());
        page + &format!("\n{carries}\n")
    }

    /// The claims as a table.
    pub fn judged(&self) -> String {
        let head = "| claim | where | here | difference with each seed |\n|---|---|---|---:|\n";
        self.claims.iter().fold(head.to_owned(), |text, claim| text + &claim.markdown())
    }

    /// Writes `table.md` and `table.json`; for each group its part of the table, a picture of its
    /// rows, and of their curves where it has some; and `claims.md`.
    ///
    /// # Errors
    /// Where a file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), ReportError> {
        let write = |name: String, text: String| {
            let path = folder.join(name);
            write_whole(&path, text.as_bytes()).map_err(ReportError::write(&path))
        };
        for (key, group) in self.in_order() {
            write(format!("{key}.md"), group.markdown())?;
            write(format!("{key}.svg"), dots::draw(group))?;
            if !group.curves.is_empty() {
                write(format!("{key}-curves.svg"), lines::draw(group))?;
            }
        }
        write("claims.md".to_owned(), self.judged())?;
        write("table.md".to_owned(), self.markdown())?;
        write_json(&folder.join("table.json"), self)
    }
}

impl GroupOutcome {
    /// The group's rows as a table.
    pub fn markdown(&self) -> String {
        let has_paper = self.rows.values().any(|row| row.paper.is_some());
        let mut head: Vec<String> = vec!["row".to_owned()];
        head.extend(has_paper.then(|| "paper".to_owned()));
        let usual = ["k-NN, %", "each seed", "untrained", "std·√d", "RankMe", "loss"];
        head.extend(usual.map(str::to_owned));
        head.extend(self.columns.iter().map(|name| heading(name)));
        head.push("collapsed".to_owned());
        let rule = "---:|".repeat(head.len() - 1);
        let mut text = format!("| {} |\n|---|{rule}\n", head.join(" | "));
        for row in self.in_order() {
            text += &format!("| {} |\n", row.cells(&self.columns, has_paper).join(" | "));
        }
        text + &format!("\n{}\n", self.paper)
    }
}

impl RowOutcome {
    fn cells(&self, columns: &[String], has_paper: bool) -> Vec<String> {
        let mean = |name: &str, decimals| number(self.measures[name].mean, decimals);
        let changes = match self.changes.is_empty() {
            true => String::new(),
            false => format!(" (`{}`)", self.changes.join(" ")),
        };
        let mut cells = vec![format!("{}{changes}", self.name)];
        cells.extend(has_paper.then(|| self.paper.clone().unwrap_or_else(|| "–".to_owned())));
        cells.extend([
            format!("**{}**", mean("knn", 1)),
            each(&self.measures["knn"], 1),
            mean("untrained", 1),
            mean("std", 2),
            mean("rankme", 1),
            mean("loss", 2),
        ]);
        cells.extend(columns.iter().map(|name| mean(name, 2)));
        let runs = self.measures["knn"].each.len();
        let diverged = match self.diverged {
            0 => String::new(),
            diverged => format!(", {diverged} diverged"),
        };
        cells.push(format!("{} of {runs}{diverged}", self.collapsed));
        cells
    }
}

impl Judged {
    fn markdown(&self) -> String {
        let differences = each(&Spread::of(self.differences.clone()), 2);
        let (text, source) = (&self.claim.text, &self.claim.source);
        let measure = heading(&self.claim.measure);
        format!("| {text} | {source} | **{}** | {measure}: {differences} |\n", self.word.text())
    }
}

fn each(spread: &Spread, decimals: usize) -> String {
    let each: Vec<String> = spread.each.iter().map(|&value| number(value, decimals)).collect();
    each.join(", ")
}
