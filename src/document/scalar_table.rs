//! Runs `testdata/yaml/scalars.tsv`: inputs with what SOPS 3.13.3 makes of them (and, at the end of
//! `spell`, of what it loses: how the value is kept).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::json_spell::json_like_sops;
use super::scalar::{Scalar, ScalarType};
use super::yaml::resolve::resolve;
use super::yaml::spell::{Context, Parent, spell_like_sops};

const TABLE: &str = include_str!("../../testdata/yaml/scalars.tsv");

fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.extend_from_slice(before.as_bytes());
        let (kind, after) = after.split_at(1);
        rest = after;
        match kind {
            "n" => out.push(b'\n'),
            "t" => out.push(b'\t'),
            "\\" => out.push(b'\\'),
            "x" => {
                let (digits, after) = rest.split_at(2);
                out.push(u8::from_str_radix(digits, 16).unwrap());
                rest = after;
            }
            "u" => {
                let (digits, after) = rest.strip_prefix('{').unwrap().split_once('}').unwrap();
                let c = char::from_u32(u32::from_str_radix(digits, 16).unwrap()).unwrap();
                out.extend_from_slice(c.to_string().as_bytes());
                rest = after;
            }
            _ => panic!("unknown escape in {text}"),
        }
    }
    out.extend_from_slice(rest.as_bytes());
    out
}

fn opened<'a>(ty: &str, plaintext: &'a [u8]) -> Option<Scalar<'a>> {
    Scalar::from_decrypted(ScalarType::from_name(ty.as_bytes()).unwrap(), plaintext).ok()
}

fn spelled(circumstances: &[&str], plaintext: &[u8]) -> Vec<u8> {
    let [ty, parent, column, unit] = circumstances else {
        panic!("four circumstances")
    };
    let parent = if *parent == "seq" {
        Parent::Sequence
    } else {
        Parent::Mapping
    };
    let (column, indent_unit) = (column.parse().unwrap(), unit.parse().unwrap());
    let context = Context {
        indent_unit,
        parent,
        column,
        in_flow: false,
        line_break: "\n",
    };
    let mut out = Vec::new();
    spell_like_sops(&opened(ty, plaintext).unwrap(), &context, &mut out);
    out
}

/// Type and bytes of one row; the type is empty for spellings.
fn outcome(what: &str, circumstances: &[&str], input: &[u8]) -> (&'static str, Vec<u8>) {
    let typed = |scalar: Option<Scalar<'_>>| {
        scalar.map_or(("error", Vec::new()), |s| {
            (s.ty.name(), s.canonical.to_vec())
        })
    };
    match what {
        "resolve" => {
            let tag = circumstances.first().filter(|tag| **tag != "-").copied();
            let text = std::str::from_utf8(input).unwrap();
            typed(resolve(text, tag, circumstances.last() == Some(&"plain")).ok())
        }
        "decrypt" => typed(opened(circumstances.first().unwrap(), input)),
        "spell" => ("", spelled(circumstances, input)),
        "json" => {
            let mut out = Vec::new();
            json_like_sops(
                &opened(circumstances.first().unwrap(), input).unwrap(),
                &mut out,
            )
            .unwrap();
            ("", out)
        }
        _ => panic!("unknown kind of row: {what}"),
    }
}

#[test]
fn every_row_of_the_table_holds() {
    let mut rows = 0;
    for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
        let mut fields = line.split('\t');
        let mut field = || fields.next().unwrap_or("");
        let (what, circumstances, input, ty, expected) =
            (field(), field(), field(), field(), field());
        let circumstances: Vec<&str> = circumstances.split(' ').collect();
        let (got_type, got) = outcome(what, &circumstances, &unescape(input));
        let got = String::from_utf8_lossy(&got);
        assert_eq!(
            (got_type, &*got),
            (ty, &*String::from_utf8_lossy(&unescape(expected))),
            "{line}"
        );
        rows += 1;
    }
    assert!(rows >= 350, "the table lost rows: {rows}");
}
