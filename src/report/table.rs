//! A table for the plain report: words on the left, numbers on the right.

use super::text::width;

/// Rows under a heading, columns two spaces apart; the first and the last column are words.
pub(super) fn table(heading: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = heading.iter().map(|text| width(text)).collect();
    for row in rows {
        for (most, text) in widths.iter_mut().zip(row) {
            *most = width(text).max(*most);
        }
    }
    let heading: Vec<String> = heading.iter().map(|text| String::from(*text)).collect();
    let mut out = String::new();
    for row in std::iter::once(&heading).chain(rows) {
        let mut line = String::new();
        let last = row.len().saturating_sub(1);
        for (number, (text, most)) in row.iter().zip(&widths).enumerate() {
            let space = " ".repeat(most.saturating_sub(width(text)));
            if number > 0 {
                line.push_str("  ");
            }
            match number {
                0 => line.extend([text.as_str(), &space]),
                _ if number == last => line.push_str(text),
                _ => line.extend([space.as_str(), text]),
            }
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// A number with a comma between thousands.
pub(super) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other() {
        let row = |texts: [&str; 3]| texts.map(String::from).to_vec();
        let rows = [row(["infra", "1,203", "2 binary"]), row(["日本", "7", ""])];
        assert_eq!(
            table(&["repository", "files", "rest"], &rows),
            "repository  files  rest\ninfra       1,203  2 binary\n日本            7\n"
        );
    }

    #[test]
    fn thousands_are_apart() {
        let cases = [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ];
        for (number, text) in cases {
            assert_eq!(thousands(number), text);
        }
    }
}
