//! Pictures for a run's report: the embedding in the plane, neighbours, and views.

use std::path::Path;

use models::{Encoder, Module};
use tensor::Device;

use super::measure::{Images, attention_weights};
use crate::augment::key;
use crate::data::{Dataset, Splits, spread};
use crate::evaluate::{NORM_EPS, Neighbour, nearest, principal_plane};
use crate::method::Method;
use crate::report::{
    Attention, AttentionPicture, AttentionRow, DataUri, Embedding, EmbeddingPoint,
    NeighbourPicture, NeighbourRow, Neighbours, ReportError, ViewRow, Views, write_json,
};

/// Images that are asked for their neighbours, and that views are drawn of.
const ROWS: usize = 8;
/// Neighbours and views of each.
const COLUMNS: usize = 6;
/// Images that attention is drawn over.
const ATTENDED: usize = 4;
/// Heads of each.
const HEADS: usize = 6;
/// The largest side of a picture in the page, of one among the points of the embedding, and that
/// of a map of attention.
const SIDE: usize = 128;
const THUMBNAIL: usize = 32;
const MAP: usize = 96;

/// Writes `embedding.json`, `neighbours.json`, `views.json` and, of a vision transformer,
/// `attention.json` into a run's folder.
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
    let embedding = Embedding { points, classes: test.classes.clone(), thumbnails: Vec::new() };
    let embedding = embedding.with_pictures(|i| DataUri::of(&test.image(i), THUMBNAIL));
    write_json(&folder.join("embedding.json"), &embedding)?;
    if let Some(attention) = attention(method.encoder(), device, test) {
        write_json(&folder.join("attention.json"), &attention)?;
    }

    let found = nearest(&neighbours, &features, COLUMNS);
    let row = |i: usize| {
        let picture = |neighbour: &Neighbour| NeighbourPicture {
            image: DataUri::of(&train.image(neighbour.row), SIDE),
            label: train.label_words(neighbour.row),
            same: labelled && train.labels()[neighbour.row] == test.labels()[i],
        };
        NeighbourRow {
            query: DataUri::of(&test.image(i), SIDE),
            label: test.label_words(i),
            neighbours: found[i].iter().map(picture).collect(),
        }
    };
    let rows = spread(ROWS, test.len()).into_iter().map(row).collect();
    write_json(&folder.join("neighbours.json"), &Neighbours { rows })?;
    write_json(&folder.join("views.json"), &views(method, &*data.train, train.size))
}

/// Images of the training set and how the method draws views of them.
fn views(method: &dyn Method, data: &dyn Dataset, size: usize) -> Views {
    let kinds = method.views();
    let row = |index: usize| {
        let image = data.image(index).ok()?;
        let view = |j: usize| {
            let kind = &kinds[j % kinds.len()];
            let size = kind.side(size);
            let view = kind.recipe.view(&image, size, &mut key(0, j / kinds.len(), index, j));
            DataUri::of(&view, SIDE)
        };
        let label = data.label(index).and_then(|label| data.classes().get(label).cloned());
        Some(ViewRow {
            original: DataUri::of(&image, SIDE),
            label: label.unwrap_or_default(),
            views: (0..COLUMNS).map(view).collect(),
        })
    };
    Views { rows: spread(ROWS, data.len()).into_iter().filter_map(row).collect() }
}

/// Where the last block of a transformer looks in some images: all heads together, and the first
/// few by themselves.
fn attention(encoder: &Encoder, device: &Device, images: &Images) -> Option<Attention> {
    let Encoder::Vit(vit) = encoder else { return None };
    let block = vit.config().depth.checked_sub(1)?;
    vit.train(false);
    let row = |index: usize| {
        let image = images.image(index);
        let (grid, heads) = attention_weights(vit, device, &image, images.size, block);
        let panels = AttentionPicture { image: &image, grid, heads: &heads }.panels(MAP);
        // The first panel is the image itself, the second the mean of all heads.
        let maps = panels.iter().skip(1).take(1 + HEADS);
        AttentionRow {
            image: DataUri::of(&image, SIDE),
            label: images.label_words(index),
            maps: maps.map(|(name, map)| (name.clone(), DataUri::of(map, MAP))).collect(),
        }
    };
    let rows = spread(ATTENDED, images.len()).into_iter().map(row).collect();
    vit.train(true);
    Some(Attention { block, rows })
}
