//! Where a piece of work's time goes, operation by operation (on a GPU kernel by kernel), beside
//! what the device allows.

use std::collections::BTreeMap;

use serde::Serialize;
use tensor::profile::{self, Cost, Limits};

use super::Work;

/// What an operation costs in one repetition of a piece of work; on a GPU, what a kernel costs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// Its name.
    pub operation: String,
    /// Its inputs' shapes, where there is a line for each.
    pub shapes: String,
    /// How often it ran.
    pub calls: u64,
    /// How long, summed over the calls.
    pub seconds: f64,
    /// The share of the time of all operations.
    pub share: f64,
    /// 10⁹ additions and multiplications a second; 0 where they are not counted.
    pub gflops: f64,
    /// 10⁹ bytes of inputs and outputs a second.
    pub gbytes: f64,
    /// The least time that the limits allow, as a share of the time that it took.
    pub of_limit: Option<f64>,
}

/// Does the work once and tells what it cost, the longest first: a line for each operation, or
/// (`by_shapes`) for each with inputs of each size.
pub fn profile(work: &mut Work, by_shapes: bool, limits: Option<&Limits>) -> Vec<Line> {
    profile::start();
    work.once();
    lines(profile::stop(), by_shapes, limits)
}

fn lines(
    costs: BTreeMap<(&'static str, String), Cost>,
    by_shapes: bool,
    limits: Option<&Limits>,
) -> Vec<Line> {
    let mut sums: BTreeMap<(&str, String), Cost> = BTreeMap::new();
    for ((name, shapes), cost) in costs {
        let shapes = if by_shapes { shapes } else { String::new() };
        let sum = sums.entry((name, shapes)).or_default();
        sum.calls += cost.calls;
        sum.seconds += cost.seconds;
        sum.flops += cost.flops;
        sum.bytes += cost.bytes;
    }
    let total: f64 = sums.values().map(|cost| cost.seconds).sum();
    let line = |((name, shapes), cost): ((&str, String), Cost)| {
        let Cost { calls, seconds, flops, bytes } = cost;
        Line {
            operation: name.to_owned(),
            shapes,
            calls,
            seconds,
            share: seconds / total,
            gflops: flops / seconds / 1e9,
            gbytes: bytes / seconds / 1e9,
            of_limit: limits.map(|limits| limits.seconds(flops, bytes) / seconds),
        }
    };
    let mut lines: Vec<Line> = sums.into_iter().map(line).collect();
    lines.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
    lines
}

/// A profile in words, a line each.
pub fn table(lines: &[Line]) -> String {
    let head = format!(
        "  {:<28}{:>7}{:>10}{:>8}{:>10}{:>8}{:>10}\n",
        "operation", "calls", "ms", "share", "GFLOP/s", "GB/s", "of limit"
    );
    let counted = |rate: f64| if rate > 0.0 { format!("{rate:.1}") } else { String::new() };
    let row = |line: &Line| {
        let Line { operation, shapes, calls, seconds, share, gflops, gbytes, of_limit } = line;
        let of_limit = of_limit.map_or(String::new(), |share| format!("{:.0}%", share * 100.0));
        let row = format!(
            "  {operation:<28}{calls:>7}{:>10.2}{:>7.1}%{:>10}{:>8}{of_limit:>10}  {shapes}",
            seconds * 1e3,
            share * 100.0,
            counted(*gflops),
            counted(*gbytes),
        );
        format!("{}\n", row.trim_end())
    };
    let all: f64 = lines.iter().map(|line| line.seconds).sum();
    let foot = format!("  {:<28}{:>7}{:>10.2}\n", "all", "", all * 1e3);
    head + &lines.iter().map(row).collect::<String>() + &foot
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_summed_over_shapes_and_sorted() {
        let cost = |seconds, flops, bytes| Cost { calls: 1, seconds, flops, bytes };
        let costs = BTreeMap::from([
            (("add", "[2]".to_owned()), cost(1.0, 0.0, 4e9)),
            (("matmul", "[2, 2]".to_owned()), cost(1.0, 1e9, 1e9)),
            (("matmul", "[3, 3]".to_owned()), cost(2.0, 5e9, 2e9)),
        ]);
        let limits = Limits { flops: 4e9, bytes: 8e9 };
        let found = lines(costs.clone(), false, Some(&limits));
        let products = Line {
            operation: "matmul".to_owned(),
            shapes: String::new(),
            calls: 2,
            seconds: 3.0,
            share: 0.75,
            gflops: 2.0,
            gbytes: 1.0,
            of_limit: Some(0.5),
        };
        assert_eq!(found[0], products);
        assert_eq!((found[1].operation.as_str(), found[1].of_limit), ("add", Some(0.5)));
        let found = lines(costs, true, None);
        let shapes: Vec<&str> = found.iter().map(|line| line.shapes.as_str()).collect();
        assert_eq!((shapes, found[0].of_limit), (vec!["[3, 3]", "[2]", "[2, 2]"], None));
    }
}
