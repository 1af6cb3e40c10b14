//! Text for people, in HTML.

/// `text` with the five characters replaced that mean something in HTML, in text and in quoted
/// attributes alike.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            _ => escaped.push(c),
        }
    }
    escaped
}

/// The hyphens before digits as minus signs.
pub(super) fn minus(text: &str) -> String {
    let mut written = String::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let sign = c == '-' && rest.peek().is_some_and(char::is_ascii_digit);
        written.push(if sign { '−' } else { c });
    }
    written
}

/// Seconds for people: `42 s`, `1 min 23 s`, `2 h 5 min`.
pub(super) fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match (whole / 3600, whole / 60 % 60, whole % 60) {
        (0, 0, _) if seconds < 10.0 => format!("{seconds:.1} s"),
        (0, 0, s) => format!("{s} s"),
        (0, min, s) => format!("{min} min {s} s"),
        (h, min, _) => format!("{h} h {min} min"),
    }
}

/// A heading, a note under it, and what it is about.
pub(super) fn section(title: &str, note: &str, content: &str) -> String {
    format!("<section>\n<h2>{title}</h2>\n<p>{note}</p>\n{content}</section>\n")
}

/// A section with a frame, whose content scrolls where the screen is too narrow for it.
pub(super) fn card(title: &str, note: &str, content: &str) -> String {
    section(title, note, &format!("<div class=\"card scroll\">\n{content}</div>\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_escaped() {
        assert_eq!(escape("<a b='\"&'>"), "&lt;a b=&#39;&quot;&amp;&#39;&gt;");
    }

    #[test]
    fn only_hyphens_before_digits_are_minus_signs() {
        assert_eq!(minus("loss -0.5, std-like, -"), "loss −0.5, std-like, -");
    }

    #[test]
    fn durations_have_two_units_at_most() {
        let written = [4.26, 42.0, 83.4, 7499.0].map(duration);
        assert_eq!(written, ["4.3 s", "42 s", "1 min 23 s", "2 h 4 min"]);
    }
}
