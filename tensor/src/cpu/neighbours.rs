//! Which taps of a kernel lead inside the image, and for which pixels: those at an edge have
//! fewer, and those of an input under a stride have every other. Pixels with the same taps are
//! taken together, so that no work is done for a tap that leads nowhere.

use std::ops::Range;

use crate::ops::conv2d::{Geometry, Side};

/// The positions along an axis at which the same taps lead inside the image.
pub(crate) struct Stretch {
    /// The taps, in the order of what they lead to.
    taps: Vec<usize>,
    positions: Vec<Position>,
}

struct Position {
    at: usize,
    /// Where each tap leads.
    field: Vec<usize>,
}

impl Stretch {
    fn all(g: &Geometry, side: Side, axis: usize) -> Vec<Stretch> {
        let mut found: Vec<Stretch> = Vec::new();
        for at in 0..g.grid(side)[axis] {
            let meets = |k| g.meets(side, axis, at, k).map(|field| (field, k));
            let mut met: Vec<(usize, usize)> = (0..g.kernel[axis]).filter_map(meets).collect();
            met.sort_unstable();
            let (field, taps): (Vec<usize>, Vec<usize>) = met.into_iter().unzip();
            let position = Position { at, field };
            match found.iter_mut().find(|stretch| stretch.taps == taps) {
                Some(stretch) => stretch.positions.push(position),
                None => found.push(Stretch { taps, positions: vec![position] }),
            }
        }
        found
    }
}

/// A convolution's pixels by their taps: a group for each stretch of rows and of columns.
pub(crate) struct Neighbours<'a> {
    geometry: &'a Geometry,
    side: Side,
    down: Vec<Stretch>,
    across: Vec<Stretch>,
}

impl<'a> Neighbours<'a> {
    pub(crate) fn new(geometry: &'a Geometry, side: Side) -> Self {
        let [down, across] = [0, 1].map(|axis| Stretch::all(geometry, side, axis));
        Neighbours { geometry, side, down, across }
    }

    /// The groups of pixels.
    pub(crate) fn groups(&self) -> impl Iterator<Item = Group<'_>> {
        let all = self.down.iter().flat_map(|down| self.across.iter().map(move |x| (down, x)));
        all.map(|(down, across)| Group { of: self, down, across })
    }

    /// The rows of the weights, `taps · channels` in the order that [`row_of_tap`] gives the
    /// taps, in pieces of at most `longest` rows: of whole taps, or of one tap's channels.
    ///
    /// [`row_of_tap`]: Neighbours::row_of_tap
    pub(crate) fn pieces(&self, longest: usize) -> Vec<Piece> {
        let longest = longest.max(1);
        let (taps, channels) = (self.geometry.taps(), self.geometry.channels(self.side));
        if channels <= longest {
            let pieces = taps.div_ceil(longest / channels.max(1)).max(1);
            let piece = |range: Range<usize>| Piece { taps: range, channels: 0..channels };
            return evenly(taps, pieces).map(piece).collect();
        }
        let of_tap = |tap| {
            let pieces = channels.div_ceil(longest);
            evenly(channels, pieces).map(move |channels| Piece { taps: tap..tap + 1, channels })
        };
        (0..taps).flat_map(of_tap).collect()
    }

    /// Where a tap's rows stand among the weights': taps that lead to neighbours are neighbours,
    /// so that both can be read in one go.
    pub(crate) fn row_of_tap(&self, tap: usize) -> usize {
        match self.side {
            Side::Outputs => tap,
            Side::Inputs => self.geometry.taps() - 1 - tap,
        }
    }
}

/// Consecutive rows of the weights.
pub(crate) struct Piece {
    taps: Range<usize>,
    channels: Range<usize>,
}

impl Piece {
    /// Its first row, and how many it has.
    pub(crate) fn rows(&self, channels: usize) -> Range<usize> {
        let start = self.taps.start * channels + self.channels.start;
        start..start + self.taps.len() * self.channels.len()
    }
}

/// Pixels that have the same taps.
pub(crate) struct Group<'a> {
    of: &'a Neighbours<'a>,
    down: &'a Stretch,
    across: &'a Stretch,
}

/// A run of neighbouring values of every patch of a group, and the rows of the weights that they
/// meet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Span {
    /// Elements from where a patch begins to the run.
    pub(crate) shift: usize,
    /// The first row of the weights.
    pub(crate) row: usize,
    pub(crate) length: usize,
}

impl Group<'_> {
    /// Pixels of an image.
    pub(crate) fn len(&self) -> usize {
        self.down.positions.len() * self.across.positions.len()
    }

    /// The positions of pixel `i`, counted through the images, and its image.
    fn position(&self, i: usize) -> (usize, [&Position; 2]) {
        let width = self.across.positions.len();
        let (image, i) = (i / self.len(), i % self.len());
        (image, [&self.down.positions[i / width], &self.across.positions[i % width]])
    }

    /// Which pixel of its side the group's pixel `i` is, both counted through the images.
    pub(crate) fn pixel(&self, i: usize) -> usize {
        let [h, w] = self.of.geometry.grid(self.of.side);
        let (image, [y, x]) = self.position(i);
        (image * h + y.at) * w + x.at
    }

    /// Where in the images that the patches lie on the patch of the group's pixel `i` begins.
    pub(crate) fn patch(&self, i: usize) -> usize {
        let g = self.of.geometry;
        let [h, w] = g.field(self.of.side);
        let (image, [y, x]) = self.position(i);
        let first = |position: &Position| position.field.first().copied().unwrap_or_default();
        ((image * h + first(y)) * w + first(x)) * g.channels(self.of.side)
    }

    /// What the group's patches have of a piece of the weights: the same for all of them, since
    /// from tap to tap it is always as far.
    pub(crate) fn spans(&self, piece: &Piece) -> Vec<Span> {
        let g = self.of.geometry;
        let [channels, width] = [g.channels(self.of.side), g.field(self.of.side)[1]];
        let [down, across] = [self.down, self.across];
        let from_first = |stretch: &Stretch, i: usize| {
            stretch.positions[0].field[i] - stretch.positions[0].field[0]
        };
        let length = piece.channels.len();
        let mut spans: Vec<Span> = Vec::new();
        for (i, y) in down.taps.iter().enumerate() {
            for (j, x) in across.taps.iter().enumerate() {
                let tap = self.of.row_of_tap(y * g.kernel[1] + x);
                if !piece.taps.contains(&tap) {
                    continue;
                }
                let pixels = from_first(down, i) * width + from_first(across, j);
                let shift = pixels * channels + piece.channels.start;
                let row = tap * channels + piece.channels.start;
                match spans.last_mut() {
                    Some(span)
                        if [span.shift, span.row].map(|at| at + span.length) == [shift, row] =>
                    {
                        span.length += length;
                    }
                    _ => spans.push(Span { shift, row, length }),
                }
            }
        }
        spans
    }
}

/// `0..length` in so many runs, as equal as can be.
pub(crate) fn evenly(length: usize, pieces: usize) -> impl Iterator<Item = Range<usize>> {
    (0..pieces).map(move |i| i * length / pieces..(i + 1) * length / pieces)
}
