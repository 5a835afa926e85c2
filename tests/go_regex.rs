//! Every verdict that Go gave on the expressions and texts of `testdata/rules/regex.tsv`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use secrets::sops::goregex::GoRegex;

#[test]
fn agrees_with_go() {
    let mut rows = 0;
    let mut wrong = Vec::new();
    for line in include_str!("../testdata/rules/regex.tsv")
        .lines()
        .filter(|line| !line.starts_with("# "))
    {
        let fields: Vec<&str> = line.split('\t').collect();
        let [expr, text, expected] = fields[..] else {
            panic!("bad row {line:?}")
        };
        let verdict = match GoRegex::compile(expr) {
            Err(_) => "refused",
            Ok(regex) if regex.is_match(text) => "match",
            Ok(_) => "no",
        };
        if verdict != expected {
            wrong.push(format!("{line:?}: {verdict}"));
        }
        rows += 1;
    }
    assert!(
        wrong.is_empty(),
        "{} of {rows}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(rows >= 600, "{rows} rows");
}
