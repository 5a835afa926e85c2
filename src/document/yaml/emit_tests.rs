#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;

fn comment(text: &'static str) -> Item<'static> {
    Item::Comment {
        text: Cow::Borrowed(text.as_bytes()),
        inline: false,
    }
}

fn print(items: Vec<Item<'_>>, displaced: Displaced) -> (String, usize) {
    let mut out = Vec::new();
    let lost = emit(&[Emitted::Mapping(items)], 4, displaced, &mut out);
    (String::from_utf8(out).unwrap(), lost)
}

#[test]
fn displaced_comments_are_counted_and_can_be_kept() {
    let items = || {
        vec![
            Item::Entry("a".into(), Emitted::Sequence(vec![comment(" x")])),
            comment(" y"),
            Item::Entry("b".into(), Emitted::Sequence(vec![comment(" z")])),
        ]
    };
    assert_eq!(
        print(items(), Displaced::Drop),
        ("a: []\n# y\nb: []\n# z\n".to_owned(), 1)
    );
    assert_eq!(
        print(items(), Displaced::Keep),
        ("a: []\n# x\n# y\nb: []\n# z\n".to_owned(), 1)
    );
}

#[test]
fn comments_stand_in_empty_braces() {
    let items = vec![Item::Entry(
        "a".into(),
        Emitted::Mapping(vec![comment(" x")]),
    )];
    assert_eq!(
        print(items, Displaced::Drop),
        ("a: {\n    # x\n}\n".to_owned(), 0)
    );
    assert_eq!(
        print(vec![comment("only")], Displaced::Drop),
        ("#only\n{}\n".to_owned(), 0)
    );
}

#[test]
fn breaks_in_comments_begin_comments() {
    let items = vec![
        comment("a\nb: 1\n\n#c"),
        Item::Entry("k".into(), Emitted::Scalar(Scalar::NULL)),
    ];
    assert_eq!(
        print(items, Displaced::Drop).0,
        "#a\n# b: 1\n\n#c\nk: null\n"
    );
}

#[test]
fn a_block_scalar_takes_one_comment_on_its_header() {
    let beside = |text: &'static str| Item::Comment {
        text: Cow::Borrowed(text.as_bytes()),
        inline: true,
    };
    let items = || {
        vec![
            beside(" x"),
            beside(" y"),
            Item::Entry("k".into(), Emitted::Scalar(Scalar::string("a\nb\n"))),
        ]
    };
    assert_eq!(
        print(items(), Displaced::Drop),
        ("k: | # x\n    # y\n    a\n    b\n".to_owned(), 1)
    );
    assert_eq!(
        print(items(), Displaced::Keep).0,
        "k: | # x\n    a\n    b\n# y\n"
    );
}
