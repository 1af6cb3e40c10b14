//! Pictures that move without jumps.

/// The places turned, or mirrored and turned, so that they lie as near as they can to where they
/// were. Principal axes leave that open: they change their signs, and trade places where the
/// features spread equally far.
pub(crate) fn aligned(places: Vec<[f64; 2]>, before: &[[f64; 2]]) -> Vec<[f64; 2]> {
    // With places as complex numbers, the best turn has the angle of Σ conj(z)·z₀, and the best
    // mirrored one that of Σ z·z₀; the larger sum lies nearer (Procrustes, in the plane).
    let sum = |sign: f64| {
        let pairs = places.iter().zip(before);
        pairs.fold([0.0, 0.0], |[re, im], ([x, y], [x0, y0])| {
            let y = sign * y;
            [re + x * x0 - y * y0, im + x * y0 + y * x0]
        })
    };
    let (turn, mirror) = (sum(-1.0), sum(1.0));
    let length = |[re, im]: [f64; 2]| re.hypot(im);
    let (sign, [re, im]) =
        if length(turn) >= length(mirror) { (1.0, turn) } else { (-1.0, mirror) };
    let norm = length([re, im]);
    if norm == 0.0 || norm.is_nan() {
        return places;
    }
    let [cos, sin] = [re / norm, im / norm];
    let turned = |[x, y]: [f64; 2]| [cos * x - sin * sign * y, sin * x + cos * sign * y];
    places.into_iter().map(turned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_turned_or_mirrored_lies_where_it_was() {
        let before = [[1.0, 0.0], [0.3, 0.8], [-0.5, -0.1]];
        let (cos, sin) = (0.6, 0.8);
        for mirror in [1.0, -1.0] {
            let places = before.map(|[x, y]| {
                let y = mirror * y;
                [cos * x - sin * y, sin * x + cos * y]
            });
            for (found, wanted) in aligned(places.to_vec(), &before).iter().zip(before) {
                let apart = (found[0] - wanted[0]).hypot(found[1] - wanted[1]);
                assert!(apart < 1e-12, "{found:?}, not {wanted:?}");
            }
        }
        assert_eq!(aligned(vec![[0.0; 2]; 3], &before), [[0.0; 2]; 3]);
    }
}
