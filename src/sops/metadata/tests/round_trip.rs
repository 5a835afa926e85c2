use proptest::prelude::*;

use super::*;

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9_:#*&!|>'\"%@`{}\\[\\], .?\\\\$^()-]{1,12}",
        "[ -~]{1,20}",
        "\\PC{1,8}",
        "[a-c \n\t]{1,10}",
        "[\u{0}-\u{20}\u{7f}-\u{a0}\u{2028}\u{2029}\u{feff}\u{fffd}\u{ffff}\u{1f600}a]{1,5}",
        Just("<<".to_owned()),
        Just("1:30".to_owned()),
        Just("2026-01-01".to_owned()),
        Just(MAC.to_owned()),
    ]
}

fn any_foreign() -> impl Strategy<Value = ForeignKey> {
    let kind = prop::sample::select(ForeignKind::ALL.to_vec());
    let map = prop::collection::btree_map(text(), prop::option::of(text()), 1..3);
    (kind, prop::collection::vec(text(), 6), map).prop_map(|(kind, texts, map)| {
        let fields = kind.fields().iter().zip(texts).map(|(field, text)| {
            let value = match field {
                Field::Text("key_id") => FieldValue::Text(format!("r:k{text}")),
                Field::Text(_) | Field::Optional(_) => FieldValue::Text(text),
                Field::Time(_) => FieldValue::Text("2026-11-22T11:02:36+01:00".to_owned()),
                Field::Map(_) => FieldValue::Map(map.clone().into_iter().collect()),
            };
            (field.name().to_owned(), value)
        });
        ForeignKey {
            kind,
            fields: fields.collect(),
        }
    })
}

fn any_group() -> impl Strategy<Value = KeyGroup> {
    let entry = (text(), text()).prop_map(|(recipient, enc)| AgeEntry { recipient, enc });
    (
        prop::collection::vec(entry, 0..3),
        prop::collection::vec(any_foreign(), 0..3),
    )
        .prop_map(|(age, mut foreign)| {
            foreign.sort_by_key(|key| key.kind);
            KeyGroup { age, foreign }
        })
}

fn any_metadata() -> impl Strategy<Value = Metadata> {
    (
        prop::collection::vec(any_group(), 1..4),
        0_usize..5,
        (prop::option::of(text()), text(), 0_usize..6, text()),
        any::<bool>(),
    )
        .prop_map(
            |(mut key_groups, shamir_threshold, (layout, mac, setting, value), only)| {
                let mut metadata = Metadata {
                    shamir_threshold,
                    last_modified: "2026-11-22T11:02:36Z".to_owned(),
                    mac,
                    layout,
                    mac_only_encrypted: only,
                    version: "3.13.3".to_owned(),
                    ..Metadata::default()
                };
                if let [group] = key_groups.as_mut_slice() {
                    metadata.age = std::mem::take(&mut group.age);
                    metadata.foreign = std::mem::take(&mut group.foreign);
                    if metadata.age.is_empty() && metadata.foreign.is_empty() {
                        metadata.age.push(AgeEntry::default());
                    }
                } else {
                    metadata.key_groups = key_groups;
                }
                let settings = [
                    &mut metadata.unencrypted_suffix,
                    &mut metadata.encrypted_suffix,
                    &mut metadata.unencrypted_regex,
                    &mut metadata.encrypted_regex,
                    &mut metadata.unencrypted_comment_regex,
                    &mut metadata.encrypted_comment_regex,
                ];
                if let Some(field) = settings.into_iter().nth(setting) {
                    *field = Some(value);
                }
                metadata
            },
        )
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        metadata in any_metadata(),
        indent in 1_usize..10,
        column in 0_usize..6,
        crlf in any::<bool>(),
        unit in prop::sample::select(vec!["", "\t", "  "]),
    ) {
        let line_break = if crlf { "\r\n" } else { "\n" };
        let block = yaml(&metadata, &BlockStyle { column, indent, line_break });
        prop_assert_eq!(&read(&block).unwrap(), &metadata, "{}", block);
        let line = format!("{{\"sops\": {}}}\n", flow(&metadata));
        prop_assert_eq!(line.matches('\n').count(), 1);
        prop_assert_eq!(&read(&line).unwrap(), &metadata, "{}", line);
        let member = json(&metadata, &JsonStyle { member_indent: unit, unit, line_break });
        let parsed: serde_json::Value = serde_json::from_str(&format!("{{{member}}}")).unwrap();
        let same: serde_json::Value = serde_json::from_str(&line).unwrap();
        prop_assert_eq!(&parsed, &same);
        prop_assert_eq!(parsed["sops"]["mac"].as_str(), Some(metadata.mac.as_str()));
    }
}
