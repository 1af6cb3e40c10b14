//! The figures of Shapes: outlines as signed distances, and how one is painted.

use std::f32::consts::{PI, TAU};

use crate::data::{CHANNELS, Image};

/// The outline of a figure, in a frame where the figure fits the unit circle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outline {
    Disc,
    Ring,
    Triangle,
    Square,
    Cross,
    Star,
    Crescent,
    Bar,
}

impl Outline {
    pub(super) const ALL: [(Self, &str); 8] = [
        (Self::Disc, "disc"),
        (Self::Ring, "ring"),
        (Self::Triangle, "triangle"),
        (Self::Square, "square"),
        (Self::Cross, "cross"),
        (Self::Star, "star"),
        (Self::Crescent, "crescent"),
        (Self::Bar, "bar"),
    ];

    /// The area inside the outline, in a unit circle of 3.14. (The crescent's was counted.)
    pub(super) fn area(self) -> f32 {
        match self {
            Self::Disc => PI * 0.9 * 0.9,
            Self::Ring => TAU * 0.7 * 0.56,
            Self::Triangle => 3.0 * 0.75f32.sqrt() * 0.5,
            Self::Square => 2.0,
            Self::Cross => 2.0 * 1.9 * 0.6 - 0.6 * 0.6,
            Self::Star => 5.0 * (PI / 5.0).sin() * 0.42,
            Self::Crescent => 1.655,
            Self::Bar => 1.86 * 0.72,
        }
    }

    /// The distance from `[x, y]` to the outline, negative inside; exact near the outline, which
    /// is all that antialiasing needs.
    fn distance(self, [x, y]: [f32; 2]) -> f32 {
        match self {
            Self::Disc => x.hypot(y) - 0.9,
            Self::Ring => (x.hypot(y) - 0.7).abs() - 0.28,
            Self::Triangle => star([x, y], 3.0, 0.5),
            Self::Square => star([x, y], 4.0, (PI / 4.0).cos()),
            Self::Cross => rectangle([x, y], [0.95, 0.3]).min(rectangle([x, y], [0.3, 0.95])),
            Self::Star => star([x, y], 5.0, 0.42),
            Self::Crescent => (x.hypot(y) - 0.98).max(0.72 - (x - 0.5).hypot(y)),
            Self::Bar => rectangle([x, y], [0.93, 0.36]),
        }
    }
}

/// A star with tips at distance 1 and notches at distance `inner`; a regular polygon when the
/// notches lie on the edges.
fn star([x, y]: [f32; 2], tips: f32, inner: f32) -> f32 {
    // Folded into the half sector between a tip, on the axis, and the notch after it.
    let half = PI / tips;
    let angle = (y.atan2(x) + TAU).rem_euclid(2.0 * half);
    let (sin, cos) = angle.min(2.0 * half - angle).sin_cos();
    let radius = x.hypot(y);
    let (edge_x, edge_y) = (inner * half.cos() - 1.0, inner * half.sin());
    ((radius * cos - 1.0) * edge_y - radius * sin * edge_x) / edge_x.hypot(edge_y)
}

fn rectangle([x, y]: [f32; 2], [half_width, half_height]: [f32; 2]) -> f32 {
    (x.abs() - half_width).max(y.abs() - half_height)
}

/// Rings of light and dark that run out from a figure's middle.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waves {
    /// From one ring to the next, in pixels.
    pub(super) length: f32,
    /// Where in the wave the middle lies, in radians.
    pub(super) phase: f32,
    /// How much darker than the light the dark is, 0 to 1.
    pub(super) depth: f32,
}

impl Waves {
    fn light(&self, distance: f32) -> f32 {
        1.0 - self.depth * (0.5 + 0.5 * (TAU * distance / self.length + self.phase).sin())
    }
}

/// A figure and where it lies, in pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Figure {
    pub(super) outline: Outline,
    /// Column and row of the middle.
    pub(super) center: [f32; 2],
    /// The radius of the circle around it.
    pub(super) radius: f32,
    /// In radians.
    pub(super) rotation: f32,
    pub(super) color: [f32; CHANNELS],
    pub(super) waves: Waves,
}

impl Figure {
    /// Paints the figure over `ground` and tells which pixels are more than half covered.
    pub(super) fn paint(&self, ground: &mut Image) -> Vec<bool> {
        let (sin, cos) = self.rotation.sin_cos();
        let width = ground.width;
        let paint = |(index, pixel): (usize, &mut [f32; CHANNELS])| {
            let dx = (index % width) as f32 + 0.5 - self.center[0];
            let dy = (index / width) as f32 + 0.5 - self.center[1];
            let distance = dx.hypot(dy);
            if distance > self.radius + 1.0 {
                return false;
            }
            let x = (cos * dx + sin * dy) / self.radius;
            let y = (cos * dy - sin * dx) / self.radius;
            let cover = (0.5 - self.radius * self.outline.distance([x, y])).clamp(0.0, 1.0);
            if cover == 0.0 {
                return false;
            }
            let light = self.waves.light(distance);
            for (value, color) in pixel.iter_mut().zip(self.color) {
                *value += cover * (light * color - *value);
            }
            cover > 0.5
        };
        ground.pixels_mut().enumerate().map(paint).collect()
    }
}

/// The colour of a hue (a share of the circle), a saturation and a value, each from 0 to 1.
pub(super) fn hsv(hue: f32, saturation: f32, value: f32) -> [f32; CHANNELS] {
    [5.0, 3.0, 1.0].map(|n| {
        let k = (n + 6.0 * hue).rem_euclid(6.0);
        value - value * saturation * k.min(4.0 - k).clamp(0.0, 1.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outlines_fill_their_circle_without_leaving_it() {
        for (outline, name) in Outline::ALL {
            let grid = (0..201 * 201).map(|i| [(i % 201) as f32, (i / 201) as f32]);
            let inside: Vec<[f32; 2]> = grid
                .map(|at| at.map(|v| v / 100.0 - 1.0))
                .filter(|&at| outline.distance(at) < 0.0)
                .collect();
            let reach = inside.iter().map(|[x, y]| x.hypot(*y)).fold(0.0, f32::max);
            let area = inside.len() as f32 * 1e-4;
            assert!((0.85..1.01).contains(&reach), "{name} reaches {reach}");
            assert!((area / outline.area() - 1.0).abs() < 0.03, "{name} covers {area}");
        }
    }

    #[test]
    fn distances_are_measured_in_the_frame() {
        let expected = [
            (Outline::Disc, [0.0, 0.0], -0.9),
            (Outline::Ring, [0.7, 0.0], -0.28),
            (Outline::Triangle, [-1.0, 0.0], 0.5),
            (Outline::Square, [0.0, 0.0], -(0.5f32.sqrt())),
            (Outline::Bar, [0.0, 1.0], 0.64),
        ];
        for (outline, at, distance) in expected {
            assert!((outline.distance(at) - distance).abs() < 1e-5, "{outline:?}");
        }
    }

    #[test]
    fn hues_are_where_they_should_be() {
        assert_eq!(hsv(0.0, 1.0, 1.0), [1.0, 0.0, 0.0]);
        assert_eq!(hsv(0.5, 1.0, 0.5), [0.0, 0.5, 0.5]);
        assert_eq!(hsv(0.2, 0.0, 0.7), [0.7; 3]);
    }
}
