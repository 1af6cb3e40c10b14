//! In pairs: a value goes through as many additions as there are halvings, and not through
//! millions.

pub fn sum(values: &[f32]) -> f32 {
    if values.len() <= 64 {
        return values.iter().sum();
    }
    let (left, right) = values.split_at(values.len() / 2);
    sum(left) + sum(right)
}
