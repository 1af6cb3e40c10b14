//! A graph as a table, with the memory that it holds.

use std::collections::HashSet;
use std::fmt::Write;

use super::nodes;
use crate::Var;

/// What a value was computed by, oldest first: operation, shape, bytes and the caller's line, and
/// the total that stays alive until `backward`.
///
/// A row counts the value, unless an older row has the same buffer, and what the operation told
/// that its rule keeps beside values ([`Var::keeping`]), such as a batch's statistics. What a rule
/// keeps and does not tell is not counted; nor is what lies behind a `detach`.
///
/// ```
/// # use autodiff::{Var, graph};
/// # use tensor::{Device, Tensor};
/// let x = Var::leaf(Tensor::ones(&Device::reference(), [2, 3]));
/// let table = graph::table(&x.exp().sum_all());
/// assert!(table.ends_with("2 operations hold 56 bytes, leaves and constants 48\n"), "{table}");
/// ```
pub fn table(root: &Var) -> String {
    let nodes = nodes(root);
    let mut buffers = HashSet::new();
    let (mut operations, mut held, mut given) = (0, 0, 0);
    let mut rows = vec![["operation", "shape", "bytes", "made at"].map(String::from)];
    for node in &nodes {
        let own = if buffers.insert(node.value().buffer_id()) { node.value().bytes() } else { 0 };
        let bytes = own + node.0.keeps;
        if matches!(node.op(), "leaf" | "constant") {
            given += bytes;
        } else {
            operations += 1;
            held += bytes;
        }
        let place = node.0.made_at.to_string();
        rows.push([node.op().to_owned(), node.shape().to_string(), bytes.to_string(), place]);
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let [op, shape, bytes] = [0, 1, 2].map(|column| width(column).expect("a title"));
    let mut table = String::new();
    for [name, dims, count, place] in &rows {
        writeln!(table, "{name:op$}  {dims:shape$}  {count:>bytes$}  {place}")
            .expect("a String takes all");
    }
    let noun = if operations == 1 { "operation holds" } else { "operations hold" };
    writeln!(table, "{operations} {noun} {held} bytes, leaves and constants {given}")
        .expect("a String takes all");
    table
}
