//! Texts that somebody made to break this, and random ones.

use std::time::Instant;

use proptest::prelude::*;

use super::*;

#[test]
fn large_and_odd_texts_take_little_time() {
    let item = "- apiVersion: v1\n  kind: Secret\n  stringData:\n    a: b\n";
    let bomb = {
        let mut text = String::from("a: &a [x,x,x,x,x,x,x,x,x]\n");
        for (new, old) in ["b", "c", "d", "e"].iter().zip(["a", "b", "c", "d"]) {
            let list = format!("*{old},").repeat(9);
            text.push_str(&format!("{new}: &{new} [{list}]\n"));
        }
        format!("{text}---\n").repeat(20)
    };
    let table = [
        ("a.txt", "kind: Secret\n".repeat(20_000)),
        ("a.txt", "- kind: Secret\n".repeat(20_000)),
        ("a.txt", "kind: Secret\n  kind: Secret\n".repeat(10_000)),
        ("a.yaml", format!("{}: [\n", item.repeat(2_000))),
        ("a.yaml", item.repeat(2_000)),
        ("a.tmpl", "{{ kind: Secret ".repeat(20_000)),
        ("a.tmpl", "kind: Secret {{ x }}".repeat(10_000)),
        ("a.txt", "---\nkind: Secret\n: [\n".repeat(5_000)),
        ("a.txt", format!("kind: Secret\n{}", "\n---".repeat(50_000))),
        ("secrets/a.yaml", bomb),
        (
            "secrets/a.yaml",
            format!("data: {}1{}", "[".repeat(300), "]".repeat(300)),
        ),
        (
            "secrets/a.yaml",
            format!("{}kind: Secret", " - ".repeat(2_000)),
        ),
        (
            "a.env",
            format!("sops_a{}=x\nsops_mac=ENC[AES256_", "__map_a".repeat(5_000)),
        ),
        (
            "a.env",
            format!("{}lastmodified", "sops_a__list_1=x\n".repeat(20_000)),
        ),
    ];
    let rules = rules(RULE);
    for (number, (path, text)) in table.iter().enumerate() {
        let start = Instant::now();
        let (_, hits) = look_at(path, text, &rules);
        assert!(hits.len() <= room::MAX_HITS + 5, "{number}");
        // Loose: it is an unoptimised build on a busy machine.
        assert!(
            start.elapsed().as_secs() < 20,
            "{number} {:?}",
            start.elapsed()
        );
    }
}

fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "kind: Secret\n",
            "apiVersion: v1\n",
            "data:\n",
            "stringData: ",
            "  a: b\n",
            "  c: eA==\n",
            "{",
            "}",
            "[",
            "]",
            "- ",
            "---\n",
            "\n",
            ": ",
            "{{ x }}",
            "{{",
            "}}",
            "{% y %}",
            "|\n",
            "  ",
            "\"",
            "'",
            "&a ",
            "*a",
            "sops:\n",
            "    mac: ",
            "ENC[AES256_GCM,data:a,iv:b,tag:c,type:str]",
            "ENC[AES256_GCM,data:a",
            "lastmodified",
            "#",
            "sops_mac=",
            "[sops]\n",
            "é",
            "\u{feff}",
            "\0",
            "\t",
            ",",
        ])
        .prop_map(str::to_owned),
        ".{0,3}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// No text panics, spans are within it, and what is not of concern has no hits.
    #[test]
    fn any_text_can_be_looked_at(pieces in prop::collection::vec(piece(), 0..24), path in prop::sample::select(vec![
        "a.yaml", "secrets/a.yaml", "a.json", "a.txt", "a.env", "a.ini", "secrets/a.tmpl",
    ])) {
        let text = pieces.concat();
        let rules = rules(&RULE.replace("\\.yaml$", ""));
        let (verdict, hits) = look_at(path, &text, &rules);
        if verdict.rule.is_none() && !may_concern(text.as_bytes()) {
            prop_assert!(hits.is_empty());
            prop_assert_eq!(verdict, Verdict::default());
        }
    }
}
