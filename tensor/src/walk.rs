//! How an operation finds its inputs' elements where axes are repeated or in another order.

use crate::Shape;

// ANCHOR: walk
/// Neighbouring axes of the output along which both inputs are walked evenly: `length` steps of
/// `a` and `b` elements: 0 where that input is repeated, and wrapped round where it is walked
/// back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Walk {
    pub(crate) length: usize,
    pub(crate) a: usize,
    pub(crate) b: usize,
}
// ANCHOR_END: walk

/// The fewest walks, outermost first and at least one, that take the same steps.
pub(crate) fn join(axes: impl IntoIterator<Item = Walk>) -> Vec<Walk> {
    let mut walks: Vec<Walk> = Vec::new();
    for next in axes {
        if next.length == 1 {
            continue;
        }
        match walks.last_mut() {
            Some(last)
                if last.a == next.a.wrapping_mul(next.length)
                    && last.b == next.b.wrapping_mul(next.length) =>
            {
                *last = Walk { length: last.length * next.length, ..next };
            }
            _ => walks.push(next),
        }
    }
    if walks.is_empty() {
        walks.push(Walk { length: 1, a: 0, b: 0 });
    }
    walks
}

/// The fewest walks that cover an output of two shapes by NumPy's rule of broadcasting.
pub(crate) fn broadcast(output: &Shape, a: &Shape, b: &Shape) -> Vec<Walk> {
    let steps = |input: &Shape| -> Vec<usize> {
        let added = output.rank() - input.rank();
        let own = input.iter().zip(input.strides());
        let own = own.map(|(&length, stride)| if length == 1 { 0 } else { stride });
        std::iter::repeat_n(0, added).chain(own).collect()
    };
    let axes = output.iter().zip(steps(a)).zip(steps(b));
    join(axes.map(|((&length, a), b)| Walk { length, a, b }))
}

// ANCHOR: at
/// Where the output's element `index` lies in either input.
pub(crate) fn at(walks: &[Walk], index: usize) -> (usize, usize) {
    let (mut rest, mut at_a, mut at_b) = (index, 0, 0);
    for walk in walks.iter().rev() {
        let step = rest % walk.length;
        rest /= walk.length;
        at_a += step * walk.a;
        at_b += step * walk.b;
    }
    (at_a, at_b)
}
// ANCHOR_END: at

/// Where the output's elements from `index` on lie, one after the other: as [`at`], without a
/// division for each.
pub(crate) fn starts(walks: &[Walk], index: usize) -> impl Iterator<Item = (usize, usize)> {
    let mut rest = index;
    let mut steps = vec![0; walks.len()];
    for (step, walk) in steps.iter_mut().zip(walks).rev() {
        *step = rest % walk.length;
        rest /= walk.length;
    }
    let along = |by: fn(&Walk) -> usize| {
        let ways = steps.iter().zip(walks).map(|(step, walk)| step.wrapping_mul(by(walk)));
        ways.fold(0, usize::wrapping_add)
    };
    let mut next = (along(|walk| walk.a), along(|walk| walk.b));
    std::iter::from_fn(move || {
        let found = next;
        for (step, walk) in steps.iter_mut().zip(walks).rev() {
            let (mut forward, mut wrapped) = (1, false);
            *step += 1;
            if *step == walk.length {
                (*step, wrapped) = (0, true);
                forward = 1usize.wrapping_sub(walk.length);
            }
            next.0 = next.0.wrapping_add(walk.a.wrapping_mul(forward));
            next.1 = next.1.wrapping_add(walk.b.wrapping_mul(forward));
            if !wrapped {
                break;
            }
        }
        Some(found)
    })
}

/// The walks as `walk.wgsl` takes them: four words each. Cutting a step to 32 bits keeps it, also
/// one that is wrapped round, since no tensor on the GPU is longer than these count.
pub(crate) fn words(walks: &[Walk]) -> Vec<u32> {
    use crate::gpu::Word;
    walks.iter().flat_map(|w| [w.length.word(), w.a as u32, w.b as u32, 0]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walks_join_what_is_walked_evenly() {
        let s = |axes: &[usize]| Shape::from(axes);
        let walk = |length, a, b| Walk { length, a, b };
        let same = broadcast(&s(&[2, 3, 4]), &s(&[2, 3, 4]), &s(&[2, 3, 4]));
        assert_eq!(same, [walk(24, 1, 1)]);
        let bias = broadcast(&s(&[2, 3, 4]), &s(&[2, 3, 4]), &s(&[4]));
        assert_eq!(bias, [walk(6, 4, 0), walk(4, 1, 1)]);
        assert_eq!(at(&bias, 9), (9, 1));
        let expected: Vec<_> = (9..24).map(|i| at(&bias, i)).collect();
        assert_eq!(starts(&bias, 9).take(15).collect::<Vec<_>>(), expected);
        let column = broadcast(&s(&[2, 3, 4]), &s(&[2, 3, 1]), &s(&[2, 3, 4]));
        assert_eq!(column, [walk(6, 1, 4), walk(4, 0, 1)]);
        assert_eq!(broadcast(&s(&[1, 1]), &s(&[]), &s(&[1])), [walk(1, 0, 0)]);
    }
}
