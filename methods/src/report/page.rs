//! `report.html`: a run on one page, in one file, without a network.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::ReportError;
use super::chart::Chart;
use super::curves::{Charts, charts};
use super::embedding::Embedding;
use super::evaluation;
use super::html::{card, duration, escape, minus, section};
use super::pictures::{Attention, Neighbours, Views};
use super::records::{Best, Metrics, RunResult, read_json, read_metrics};
use super::settings::read_settings;
use super::table::{Table, gain};
use super::whole::write_whole;

/// Writes `report.html` into a run's folder and returns its path.
///
/// Needs `config.toml`, `metrics.jsonl` and `result.json` there; shows `embedding.json`
/// ([`Embedding`]), `neighbours.json` ([`Neighbours`]), `attention.json` ([`Attention`]),
/// `views.json` ([`Views`]) and `evaluation.json` where they are. A file that is missing or not
/// understood is an error that names it. The page is written
/// under another name and renamed, so a page that was there before stays whole.
pub fn write(run: &Path) -> Result<PathBuf, ReportError> {
    let html = Page::read(run)?.html();
    let path = run.join("report.html");
    write_whole(&path, html.as_bytes()).map_err(ReportError::write(&path))?;
    Ok(path)
}

/// What the page shows.
struct Page {
    result: RunResult,
    metrics: Vec<Metrics>,
    settings: Vec<(String, String)>,
    embedding: Option<Embedding>,
    neighbours: Option<Neighbours>,
    attention: Option<Attention>,
    views: Option<Views>,
    evaluation: Option<Map<String, Value>>,
}

impl Page {
    fn read(run: &Path) -> Result<Self, ReportError> {
        Ok(Self {
            settings: read_settings(&run.join("config.toml"))?,
            metrics: read_metrics(&run.join("metrics.jsonl"))?,
            result: RunResult::read(&run.join("result.json"))?,
            embedding: read_optional(&run.join("embedding.json"), "points in the plane")?,
            neighbours: read_optional(&run.join("neighbours.json"), "pictures and neighbours")?,
            attention: read_optional(&run.join("attention.json"), "pictures and attention")?,
            views: read_optional(&run.join("views.json"), "pictures and views")?,
            evaluation: read_optional(&run.join("evaluation.json"), "measures")?,
        })
    }

    fn html(&self) -> String {
        let title = escape(&format!("{} on {}", self.result.method, self.result.data));
        let sections = [
            Some(self.header(&title)),
            Some(self.table()),
            self.evaluation(),
            Some(self.curves()),
            Some(self.gradient_norms()),
            self.embedding(),
            self.neighbours(),
            self.attention(),
            self.views(),
            Some(self.settings()),
        ];
        // The policy makes the promise binding: the page can load nothing.
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta http-equiv=\"Content-Security-Policy\" \
             content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">\n\
             <title>{title}</title>\n<style>\n{}</style>\n</head>\n<body>\n{}</body>\n</html>\n",
            include_str!("style.css"),
            sections.into_iter().flatten().collect::<String>()
        )
    }

    fn header(&self, title: &str) -> String {
        let RunResult { device, seconds, images_per_second, verdict, .. } = &self.result;
        let bad = self.result.collapsed || !self.result.trained.loss.is_finite();
        let class = if bad { " class=\"bad\"" } else { "" };
        let speed = format!("{} at {images_per_second:.0} images/s", duration(*seconds));
        let best = self.result.best.as_ref().map(|Best { step, by, value }| {
            format!(" The best state, by {by} ({value:.1}), was after step {step}.")
        });
        let gain = gain(&self.result).unwrap_or_default() + &best.unwrap_or_default();
        format!(
            "<header{class}><p>{title} · {} · {speed}</p>\n<h1>{}</h1>\n<p>{}</p></header>\n",
            escape(device),
            escape(&minus(verdict)),
            escape(&gain)
        )
    }

    fn table(&self) -> String {
        let Table { columns, rows } = Table::of(&self.result);
        let cells = |tag: &str, cells: &[&str]| -> String {
            cells.iter().map(|cell| format!("<{tag}>{}</{tag}>", escape(&minus(cell)))).collect()
        };
        let row = |(title, [a, b, c]): &(String, [String; 3])| {
            format!("<tr>{}{}</tr>\n", cells("th", &[title]), cells("td", &[a, b, c]))
        };
        let body: String = rows.iter().map(row).collect();
        let head = cells("th", &columns);
        card(
            "What training changed",
            "The same network before the first step and after the last.",
            &format!(
                "<table><thead><tr><th></th>{head}</tr></thead>\n<tbody>\n{body}</tbody></table>"
            ),
        )
    }

    fn evaluation(&self) -> Option<String> {
        let tables = evaluation::tables(self.evaluation.as_ref()?);
        let note = "What stopgrad evaluate has measured, from evaluation.json.";
        Some(card("Evaluation", note, &tables))
    }

    fn curves(&self) -> String {
        let Charts { measures, .. } = charts(&self.result, &self.metrics);
        let figures = grid(&measures);
        let since = match self.result.collapsed_since_step {
            Some(step) => format!(" Shaded: collapsed, since step {step}."),
            None => String::new(),
        };
        section("Along the way", &format!("What was measured against the step.{since}"), &figures)
    }

    fn gradient_norms(&self) -> String {
        let Charts { gradient_norms, .. } = charts(&self.result, &self.metrics);
        let title = "Gradient norm of each layer";
        if gradient_norms.is_empty() {
            let note = "Not watched; --set watch_gradient_norms=true does.";
            return section(title, note, "");
        }
        let note = "The largest of the steps since the measurement before.";
        let layers = gradient_norms.len();
        let folded = format!(
            "<details><summary>layers: {layers}</summary>\n{}</details>\n",
            grid(&gradient_norms)
        );
        section(title, note, &folded)
    }

    fn embedding(&self) -> Option<String> {
        let figure = self.embedding.as_ref()?.figure()?;
        let note = "The features along their first two principal components. Colours are the \
                    classes, which training never saw.";
        Some(card("Features in the plane", note, &figure))
    }

    fn neighbours(&self) -> Option<String> {
        let rows = self.neighbours.as_ref()?.gallery();
        let note = "A picture, and those whose features are most similar. ✓ is the same class.";
        Some(card("Nearest neighbours", note, &rows))
    }

    fn attention(&self) -> Option<String> {
        let attention = self.attention.as_ref()?;
        let block = attention.block;
        let note = format!(
            "How much each head of block {block} looks at each patch: dark where not at all, bright \
             where most. A map of one colour looks everywhere alike."
        );
        Some(card("Attention", &note, &attention.gallery()))
    }

    fn views(&self) -> Option<String> {
        let rows = self.views.as_ref()?.gallery();
        let note = "A picture, and random views of it: what the network is asked to find alike.";
        Some(card("Views", note, &rows))
    }

    fn settings(&self) -> String {
        let entry = |(key, value): &(String, String)| {
            format!("<div><dt>{}</dt><dd>{}</dd></div>\n", escape(key), escape(value))
        };
        let entries: String = self.settings.iter().map(entry).collect();
        let list = format!("<dl class=\"settings\">\n{entries}</dl>");
        card("Settings", "What the run was told, from its config.toml.", &list)
    }
}

fn grid(charts: &[Chart]) -> String {
    let figures: String = charts.iter().filter_map(Chart::figure).collect();
    format!("<div class=\"charts\">\n{figures}</div>\n")
}

fn read_optional<T: DeserializeOwned>(
    path: &Path,
    expected: &'static str,
) -> Result<Option<T>, ReportError> {
    match read_json(path, expected) {
        Err(ReportError::Read { source, .. }) if source.kind() == ErrorKind::NotFound => Ok(None),
        read => read.map(Some),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::{TempDir, tempdir};

    use super::*;
    use crate::report::sample;

    /// A run's folder with the three files that a page needs.
    fn run() -> TempDir {
        let run = tempdir().expect("a folder");
        put(&run, "config.toml", "method = \"simsiam\"\nepochs = 60\n[optimizer]\nlr = 0.05\n");
        for step in [32, 64, 96] {
            sample::metrics(step).append(&run.path().join("metrics.jsonl")).expect("append");
        }
        sample::result().write(&run.path().join("result.json")).expect("write");
        run
    }

    fn put(run: &TempDir, name: &str, text: &str) {
        fs::write(run.path().join(name), text).expect("write");
    }

    fn page(run: &TempDir) -> String {
        fs::read_to_string(write(run.path()).expect("a page")).expect("the page")
    }

    fn message(run: &TempDir) -> String {
        let message = write(run.path()).expect_err("an error").to_string();
        message.replace(&format!("{}/", run.path().display()), "")
    }

    #[test]
    fn the_page_holds_verdict_table_curves_and_settings() {
        let run = run();
        let html = page(&run);
        for part in [
            "<h1>no collapse: std·√d 0.93, RankMe 41.2 of 128</h1>",
            "k-NN 76.2 %: 25.2 points above the untrained network",
            "<tr><th>loss (chance 0.00)</th><td>0.00</td><td>−0.87</td><td>–</td></tr>",
            "aria-label=\"k-NN accuracy, % against the step\"",
            "<dt>optimizer.lr</dt><dd>0.05</dd>",
            "CPU, 2 threads · 1 min 23 s at 812 images/s",
        ] {
            assert!(html.contains(part), "{part}\n{html}");
        }
        // RankMe was never measured: no empty chart.
        assert_eq!(html.matches("<svg").count(), 5);
        assert!(!html.contains("class=\"bad\"") && !html.contains("Nearest neighbours"));
        let mut names: Vec<_> = fs::read_dir(run.path())
            .expect("the folder")
            .map(|entry| entry.expect("an entry").file_name())
            .collect();
        names.sort();
        assert_eq!(names, ["config.toml", "metrics.jsonl", "report.html", "result.json"]);
    }

    #[test]
    fn the_page_asks_for_nothing_from_outside() {
        let html = page(&run());
        for word in ["http:", "https:", "<script", "<link", "@import", "url("] {
            assert!(!html.contains(word), "{word}");
        }
    }

    #[test]
    fn what_comes_from_files_is_escaped() {
        let run = run();
        put(&run, "config.toml", "data = \"folder:<script>\"\n");
        assert!(page(&run).contains("<dd>folder:&lt;script&gt;</dd>"));
    }

    #[test]
    fn a_collapse_is_said_and_shaded() {
        let run = run();
        let mut result = sample::result();
        result.collapsed = true;
        result.collapsed_since_step = Some(64);
        result.verdict = "collapsed: loss -0.97 < -0.9 since step 64".into();
        result.write(&run.path().join("result.json")).expect("write");
        let html = page(&run);
        assert!(html.contains("<header class=\"bad\">"));
        assert!(html.contains("<h1>collapsed: loss −0.97 &lt; −0.9 since step 64</h1>"));
        assert_eq!(html.matches("<rect class=\"collapse\"").count(), 5);
    }

    #[test]
    fn optional_pictures_are_shown() {
        let run = run();
        put(&run, "embedding.json", r#"{"points":[{"x":0,"y":1,"class":0}],"classes":["disc"]}"#);
        let image = "data:image/png;base64,AAAA";
        put(
            &run,
            "neighbours.json",
            &format!(
                r#"{{"rows":[{{"query":"{image}","label":"disc","neighbours":
                    [{{"image":"{image}","label":"star","same":false}}]}}]}}"#
            ),
        );
        put(
            &run,
            "views.json",
            &format!(r#"{{"rows":[{{"original":"{image}","label":"disc","views":["{image}"]}}]}}"#),
        );
        let row = format!(r#"{{"image":"{image}","label":"","maps":[["mean","{image}"]]}}"#);
        put(&run, "attention.json", &format!(r#"{{"block":3,"rows":[{row}]}}"#));
        put(&run, "evaluation.json", r#"{"knn":76.25}"#);
        let mut watched = sample::metrics(128);
        watched.watched = [("gradient norm, conv1".to_owned(), 0.5)].into();
        watched.append(&run.path().join("metrics.jsonl")).expect("append");
        let html = page(&run);
        for part in [
            "<h2>Features in the plane</h2>",
            "<h2>Nearest neighbours</h2>",
            "<h2>Views</h2>",
            "<h2>Attention</h2>\n<p>How much each head of block 3",
            "<tr><th>knn</th><td>76.25</td></tr>",
            "<summary>layers: 1</summary>",
            "<h3>conv1 <b>0.500</b></h3>",
        ] {
            assert!(html.contains(part), "{part}");
        }
        assert_eq!(html.matches("src=\"data:image/png;base64,AAAA\"").count(), 6);
    }

    #[test]
    fn errors_name_the_file() {
        let run = run();
        put(&run, "neighbours.json", "{}");
        assert_eq!(
            message(&run),
            "neighbours.json: missing field `rows` at line 1 column 2; \
             expected pictures and neighbours"
        );
        put(&run, "config.toml", "lr = ");
        assert!(message(&run).starts_with("config.toml: "), "{}", message(&run));
        fs::remove_file(run.path().join("config.toml")).expect("remove");
        assert!(message(&run).starts_with("config.toml: cannot be read: "), "{}", message(&run));
        assert!(!run.path().join("report.html").exists());
    }
}
