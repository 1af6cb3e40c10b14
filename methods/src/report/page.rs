//! `report.html`: a run on one page, in one file, without a network.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::ReportError;
use super::chart::Chart;
use super::curves::charts;
use super::embedding::Embedding;
use super::html::{duration, escape, minus};
use super::pictures::{Neighbours, Views};
use super::records::{Metrics, RunResult, read_json, read_metrics};
use super::settings::read_settings;
use super::table::{Table, gain};
use super::whole::write_whole;

/// Writes `report.html` into a run's folder and returns its path.
///
/// Needs `config.toml`, `metrics.jsonl` and `result.json` there; shows `embedding.json`
/// ([`Embedding`]), `neighbours.json` ([`Neighbours`]) and `views.json` ([`Views`]) where they
/// are. A file that is missing or not understood is an error that names it. The page is written
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
    views: Option<Views>,
}

impl Page {
    fn read(run: &Path) -> Result<Self, ReportError> {
        Ok(Self {
            settings: read_settings(&run.join("config.toml"))?,
            metrics: read_metrics(&run.join("metrics.jsonl"))?,
            result: RunResult::read(&run.join("result.json"))?,
            embedding: read_optional(&run.join("embedding.json"), "points in the plane")?,
            neighbours: read_optional(&run.join("neighbours.json"), "pictures and neighbours")?,
            views: read_optional(&run.join("views.json"), "pictures and views")?,
        })
    }

    fn html(&self) -> String {
        let title = escape(&format!("{} on {}", self.result.method, self.result.data));
        let sections = [
            Some(self.header(&title)),
            Some(self.table()),
            Some(self.curves()),
            self.embedding(),
            self.neighbours(),
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
        let gain = gain(&self.result).unwrap_or_default();
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

    fn curves(&self) -> String {
        let figures: String =
            (charts(&self.result, &self.metrics).iter()).filter_map(Chart::figure).collect();
        let figures = format!("<div class=\"charts\">\n{figures}</div>\n");
        let since = match self.result.collapsed_since_step {
            Some(step) => format!(" Shaded: collapsed, since step {step}."),
            None => String::new(),
        };
        section("Along the way", &format!("What was measured against the step.{since}"), &figures)
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

fn section(title: &str, note: &str, content: &str) -> String {
    format!("<section>\n<h2>{title}</h2>\n<p>{note}</p>\n{content}</section>\n")
}

/// A section with a frame, whose content scrolls where the screen is too narrow for it.
fn card(title: &str, note: &str, content: &str) -> String {
    section(title, note, &format!("<div class=\"card scroll\">\n{content}</div>\n"))
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
        let html = page(&run);
        for title in ["Features in the plane", "Nearest neighbours", "Views"] {
            assert!(html.contains(&format!("<h2>{title}</h2>")), "{title}");
        }
        assert_eq!(html.matches("src=\"data:image/png;base64,AAAA\"").count(), 4);
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
