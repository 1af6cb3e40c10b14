//! Pictures for a run's report: the embedding in the plane, neighbours, and views.

use std::path::Path;

use tensor::Device;

use super::measure::Images;
use crate::augment::key;
use crate::data::{Dataset, Splits};
use crate::evaluate::{NORM_EPS, Neighbour, nearest, principal_plane};
use crate::method::Method;
use crate::report::{
    DataUri, Embedding, EmbeddingPoint, NeighbourPicture, NeighbourRow, Neighbours, ReportError,
    ViewRow, Views, write_json,
};

/// Images that are asked for their neighbours, and that views are drawn of.
const ROWS: usize = 8;
/// Neighbours and views of each.
const COLUMNS: usize = 6;

/// Writes `embedding.json`, `neighbours.json` and `views.json` into a run's folder.
pub(super) fn write(
    folder: &Path,
    method: &dyn Method,
    device: &Device,
    data: &Splits,
    [train, test]: &[Images; 2],
) -> Result<(), ReportError> {
    method.train(false);
    let features = test.through(device, |x| method.encode(x));
    let neighbours = train.through(device, |x| method.encode(x));
    method.train(true);

    let labelled = !test.classes.is_empty();
    let class = |i: usize| labelled.then(|| test.labels()[i]);
    let plane = principal_plane(&features.normalized(NORM_EPS));
    let points = plane
        .iter()
        .enumerate()
        .map(|(i, &[x, y])| EmbeddingPoint { x, y, class: class(i) })
        .collect();
    let embedding = Embedding { points, classes: test.classes.clone() };
    write_json(&folder.join("embedding.json"), &embedding)?;

    let chosen = |i: usize| i * test.len() / ROWS;
    let found = nearest(&neighbours, &features, COLUMNS);
    let row = |i: usize| {
        let picture = |neighbour: &Neighbour| NeighbourPicture {
            image: train.picture(neighbour.row),
            label: train.label_words(neighbour.row),
            same: labelled && train.labels()[neighbour.row] == test.labels()[i],
        };
        NeighbourRow {
            query: test.picture(i),
            label: test.label_words(i),
            neighbours: found[i].iter().map(picture).collect(),
        }
    };
    let rows = (0..ROWS.min(test.len())).map(|i| row(chosen(i))).collect();
    write_json(&folder.join("neighbours.json"), &Neighbours { rows })?;
    write_json(&folder.join("views.json"), &views(method, &*data.train, train.size))
}

/// Images of the training set and how the method draws views of them.
fn views(method: &dyn Method, data: &dyn Dataset, size: usize) -> Views {
    let kinds = method.views();
    let row = |i: usize| {
        let index = i * data.len() / ROWS;
        let image = data.image(index).ok()?;
        let view = |j: usize| {
            let kind = &kinds[j % kinds.len()];
            let size = kind.side(size);
            let view = kind.recipe.view(&image, size, &mut key(0, j / kinds.len(), index, j));
            DataUri::png(size, size, &view.to_rgb8())
        };
        let label = data.label(index).and_then(|label| data.classes().get(label).cloned());
        Some(ViewRow {
            original: DataUri::png(image.height, image.width, &image.to_rgb8()),
            label: label.unwrap_or_default(),
            views: (0..COLUMNS).map(view).collect(),
        })
    };
    Views { rows: (0..ROWS.min(data.len())).filter_map(row).collect() }
}
