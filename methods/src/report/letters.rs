//! Letters of five by seven pixels, for labels inside pictures.

/// Height of a letter in its own pixels.
pub(super) const HEIGHT: usize = 7;
/// From one letter to the next, in a letter's pixels.
pub(super) const ADVANCE: usize = 6;

/// The pixels `(row, column)` that a text covers, the first letter's upper left corner at the
/// origin. A letter that is not known leaves a gap.
pub(super) fn pixels(text: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    text.chars().enumerate().flat_map(|(place, letter)| {
        let known = GLYPHS.iter().find(|(known, _)| *known == letter);
        let rows = known.map_or([0; HEIGHT], |(_, rows)| *rows);
        let is_set = move |row: usize, column: usize| rows[row] >> (4 - column) & 1 == 1;
        (0..HEIGHT * 5)
            .map(|i| (i / 5, i % 5))
            .filter(move |&(row, column)| is_set(row, column))
            .map(move |(row, column)| (row, place * ADVANCE + column))
    })
}

/// Seven rows of five bits each, the leftmost pixel in the highest bit.
#[rustfmt::skip]
const GLYPHS: &[(char, [u8; HEIGHT])] = &[
    ('0', [0b01110, 0b10001, 0b10011, 0b10101, 0b11001, 0b10001, 0b01110]),
    ('1', [0b00100, 0b01100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110]),
    ('2', [0b01110, 0b10001, 0b00001, 0b00010, 0b00100, 0b01000, 0b11111]),
    ('3', [0b11111, 0b00010, 0b00100, 0b00010, 0b00001, 0b10001, 0b01110]),
    ('4', [0b00010, 0b00110, 0b01010, 0b10010, 0b11111, 0b00010, 0b00010]),
    ('5', [0b11111, 0b10000, 0b11110, 0b00001, 0b00001, 0b10001, 0b01110]),
    ('6', [0b00110, 0b01000, 0b10000, 0b11110, 0b10001, 0b10001, 0b01110]),
    ('7', [0b11111, 0b00001, 0b00010, 0b00100, 0b01000, 0b01000, 0b01000]),
    ('8', [0b01110, 0b10001, 0b10001, 0b01110, 0b10001, 0b10001, 0b01110]),
    ('9', [0b01110, 0b10001, 0b10001, 0b01111, 0b00001, 0b00010, 0b01100]),
    ('a', [0b00000, 0b00000, 0b01110, 0b00001, 0b01111, 0b10001, 0b01111]),
    ('d', [0b00001, 0b00001, 0b01101, 0b10011, 0b10001, 0b10001, 0b01111]),
    ('e', [0b00000, 0b00000, 0b01110, 0b10001, 0b11111, 0b10000, 0b01110]),
    ('g', [0b00000, 0b00000, 0b01111, 0b10001, 0b01111, 0b00001, 0b01110]),
    ('h', [0b10000, 0b10000, 0b10110, 0b11001, 0b10001, 0b10001, 0b10001]),
    ('i', [0b00100, 0b00000, 0b01100, 0b00100, 0b00100, 0b00100, 0b01110]),
    ('m', [0b00000, 0b00000, 0b11010, 0b10101, 0b10101, 0b10001, 0b10001]),
    ('n', [0b00000, 0b00000, 0b10110, 0b11001, 0b10001, 0b10001, 0b10001]),
    ('p', [0b00000, 0b00000, 0b11110, 0b10001, 0b11110, 0b10000, 0b10000]),
    ('v', [0b00000, 0b00000, 0b10001, 0b10001, 0b10001, 0b01010, 0b00100]),
    ('w', [0b00000, 0b00000, 0b10001, 0b10001, 0b10101, 0b10101, 0b01010]),
    ('x', [0b00000, 0b00000, 0b10001, 0b01010, 0b00100, 0b01010, 0b10001]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_stands_where_it_should() {
        let one: Vec<_> = pixels("1").collect();
        assert_eq!(one[..3], [(0, 2), (1, 1), (1, 2)]);
        assert_eq!(pixels(" 1").map(|(_, column)| column).min(), Some(ADVANCE + 1));
    }
}
