//! From the tree of a configuration to its model, collecting everything that is wrong.

use std::path::Path;

use super::source::{Field, Fields, Source, Text};
use super::suggest;
use super::{
    Config, CreationRule, Destination, DestinationRule, KeyGroup, PathRegex, Stores, groups,
};
use crate::document::tree::{Document, NodeId};
use crate::error::{Error, Kind};
use crate::sops::goregex::{GoRegex, GoRegexError, GoRegexReason};
use crate::sops::selector::{Selector, SelectorParts};

/// Shares are numbered with one byte.
const MAX_GROUPS: usize = 255;

/// The settings of which a rule has one, and whether they are expressions.
const SELECTORS: [(&str, bool); 6] = [
    ("unencrypted_suffix", false),
    ("encrypted_suffix", false),
    ("unencrypted_regex", true),
    ("encrypted_regex", true),
    ("unencrypted_comment_regex", true),
    ("encrypted_comment_regex", true),
];

pub(super) fn decode(
    path: &Path,
    name: &str,
    text: &str,
    document: &Document,
) -> Result<Config, Vec<Error>> {
    let mut source = Source::new(document, text, name);
    let mut config = Config {
        path: path.to_owned(),
        creation_rules: None,
        destination_rules: Vec::new(),
        stores: Stores::default(),
        warnings: Vec::new(),
    };
    let fields = document
        .root()
        .and_then(|root| source.fields(root, &suggest::ROOT))
        .unwrap_or_default();
    if let Some(field) = fields.get("creation_rules").cloned()
        && !source.is_null(field.value)
    {
        let items = source.items(&field).unwrap_or_default();
        let rules = items
            .into_iter()
            .map(|rule| creation_rule(&mut source, rule));
        config.creation_rules = Some(rules.flatten().collect());
    }
    if let Some(field) = fields.get("destination_rules").cloned() {
        let items = source.items(&field).unwrap_or_default();
        let rules = items
            .into_iter()
            .map(|rule| destination_rule(&mut source, rule));
        config.destination_rules = rules.flatten().collect();
    }
    if let Some(field) = fields.get("stores") {
        config.stores = stores(&mut source, field.value);
    }
    source.warn_of_private_keys();
    if source.errors.is_empty() {
        config.warnings = in_order(source.warnings);
        return Ok(config);
    }
    Err(in_order(source.errors))
}

fn in_order(mut errors: Vec<Error>) -> Vec<Error> {
    errors.sort_by_key(|error| error.place().map(|place| (place.line, place.column)));
    errors.dedup(); // An alias brings the same mistake twice.
    errors
}

fn creation_rule(source: &mut Source<'_>, node: NodeId) -> Option<CreationRule> {
    let rule = rule(source, node)?;
    if rule.groups.iter().all(KeyGroup::is_empty) {
        let warning = Error::new(Kind::Config, "the rule names no recipient")
            .because("files that it is for need recipients on the command line")
            .hint("add `age:` with a list of recipients");
        source.warn(node, warning);
    }
    Some(rule)
}

/// A creation rule or a `recreation_rule`, which need not name recipients.
fn rule(source: &mut Source<'_>, node: NodeId) -> Option<CreationRule> {
    let fields = source.fields(node, &suggest::CREATION_RULE)?;
    let path_regex = path_regex(source, &fields);
    let selector = selector(source, &fields);
    let groups = groups::of_rule(source, node, &fields);
    let shamir_threshold = threshold(source, &fields, &groups);
    Some(CreationRule {
        place: source.place(node),
        path_regex,
        selector,
        groups,
        shamir_threshold,
        mac_only_encrypted: source.boolean(&fields, "mac_only_encrypted"),
    })
}

fn path_regex(source: &mut Source<'_>, fields: &Fields) -> Option<PathRegex> {
    let text = source.filled(fields, "path_regex")?;
    let regex = expression(source, "path_regex", &text)?;
    let place = source.place(text.node);
    Some(PathRegex { regex, place })
}

fn expression(source: &mut Source<'_>, name: &str, text: &Text) -> Option<GoRegex> {
    match GoRegex::compile(&text.value) {
        Ok(regex) => Some(regex),
        Err(error) => {
            let place = source.place_in(text, error.offset, "");
            source
                .errors
                .push(invalid(name, &text.value, error).at(place));
            None
        }
    }
}

fn invalid(name: &str, expr: &str, error: GoRegexError) -> Error {
    let at = expr.get(error.offset..).unwrap_or("");
    let hint = match error.reason {
        GoRegexReason::NothingToRepeat => {
            "this looks like a file pattern: as an expression, `*.yaml` is `.*\\.yaml$`"
        }
        GoRegexReason::GroupSyntax => {
            "Go's expressions have no look-around: put a rule for the exceptions before this one"
        }
        GoRegexReason::Escape if at.starts_with("\\u") || at.starts_with("\\/") => {
            "write the character itself"
        }
        _ => "write it in the syntax of Go's regexp package (RE2)",
    };
    Error::new(Kind::Config, format!("`{name}` is not a valid expression"))
        .because(error.reason.to_string())
        .hint(hint)
}

fn selector(source: &mut Source<'_>, fields: &Fields) -> Option<Selector> {
    let mut given: Vec<(&str, Text)> = Vec::new();
    let mut valid = true;
    for (name, is_expression) in SELECTORS {
        let Some(text) = source.filled(fields, name) else {
            continue;
        };
        if is_expression {
            valid &= expression(source, name, &text).is_some();
        }
        given.push((name, text));
    }
    // In the order of the text, so that the place is that of the setting to remove.
    given.sort_by_key(|(_, text)| text.node);
    if let [(first, _), (second, text), ..] = given.as_slice() {
        let key = fields.get(second).map_or(text.node, |field| field.key);
        let error = Error::new(
            Kind::Config,
            format!("`{first}` and `{second}` exclude each other"),
        )
        .because("one setting decides which values are encrypted")
        .hint("keep one of the two");
        source.error(key, error);
        return None;
    }
    let (name, text) = given.first().filter(|_| valid)?;
    let value = |wanted: &str| (*name == wanted).then_some(text.value.as_str());
    let parts = SelectorParts {
        unencrypted_suffix: value("unencrypted_suffix"),
        encrypted_suffix: value("encrypted_suffix"),
        unencrypted_regex: value("unencrypted_regex"),
        encrypted_regex: value("encrypted_regex"),
        unencrypted_comment_regex: value("unencrypted_comment_regex"),
        encrypted_comment_regex: value("encrypted_comment_regex"),
    };
    match Selector::from_parts(parts) {
        Ok(selector) => Some(selector),
        Err(error) => {
            source.error(text.node, error);
            None
        }
    }
}

fn threshold(source: &mut Source<'_>, fields: &Fields, groups: &[KeyGroup]) -> usize {
    let given = source.integer(fields, "shamir_threshold");
    let count = groups.len();
    if count > MAX_GROUPS {
        let key = fields.get("key_groups").map(|field| field.key);
        if let Some(key) = key {
            let error = Error::new(Kind::Config, format!("a rule has {count} key groups"))
                .because(format!("Shamir's scheme has at most {MAX_GROUPS} shares"));
            source.error(key, error);
        }
        return 0;
    }
    let Some((number, node)) = given else {
        return 0;
    };
    if number == 0 {
        return 0;
    }
    if number > 0 && count < 2 {
        let warning = Error::new(Kind::Config, "`shamir_threshold` has no effect")
            .because("the rule has one key group, and any key of it opens the file")
            .hint("list several `key_groups`, or remove the setting");
        source.warn(node, warning);
    }
    match usize::try_from(number) {
        Ok(number) if count < 2 || (2..=count).contains(&number) => number,
        _ => {
            let error = Error::new(
                Kind::Config,
                format!("`shamir_threshold` cannot be {number}"),
            );
            let error = match number {
                ..=-1 => error.because("it counts key groups"),
                0 | 1 => error
                    .because("a threshold of one group would be no threshold")
                    .hint("put all keys into one group if each of them shall open the file"),
                _ => error.because(format!("the rule has {count} key groups")),
            };
            source.error(node, error);
            0
        }
    }
}

fn destination_rule(source: &mut Source<'_>, node: NodeId) -> Option<DestinationRule> {
    let fields = source.fields(node, &suggest::DESTINATION_RULE)?;
    let path_regex = path_regex(source, &fields);
    let recreation_rule = fields
        .get("recreation_rule")
        .filter(|field| !source.is_null(field.value))
        .map(|field| field.value)
        .and_then(|node| rule(source, node));
    Some(DestinationRule {
        place: source.place(node),
        path_regex,
        destination: destination(source, &fields),
        recreation_rule,
        omit_extensions: source.boolean(&fields, "omit_extensions"),
    })
}

fn destination(source: &mut Source<'_>, fields: &Fields) -> Option<Destination> {
    let mut rest = |name: &str| source.filled_value(fields, name).unwrap_or_default();
    let (s3_prefix, gcs_prefix) = (rest("s3_prefix"), rest("gcs_prefix"));
    let (address, mount) = (rest("vault_address"), rest("vault_kv_mount_name"));
    let version = source.integer(fields, "vault_kv_version");
    let mut given = Vec::new();
    for name in ["s3_bucket", "gcs_bucket", "vault_path"] {
        if let Some(text) = source.filled(fields, name) {
            given.push((name, text));
        }
    }
    if let [(first, _), (second, text), ..] = given.as_slice() {
        let error = Error::new(
            Kind::Config,
            format!("`{first}` and `{second}` exclude each other"),
        )
        .because("a destination rule has one destination")
        .hint("write a rule for each destination");
        source.error(text.node, error);
        return None;
    }
    let (name, text) = given.pop()?;
    Some(match name {
        "s3_bucket" => Destination::S3 {
            bucket: text.value,
            prefix: s3_prefix,
        },
        "gcs_bucket" => Destination::Gcs {
            bucket: text.value,
            prefix: gcs_prefix,
        },
        _ => Destination::Vault {
            address,
            path: text.value,
            mount,
            version: version.map_or(0, |(version, _)| version),
        },
    })
}

fn stores(source: &mut Source<'_>, node: NodeId) -> Stores {
    let fields = source.fields(node, &suggest::STORES).unwrap_or_default();
    for name in ["dotenv", "ini"] {
        if let Some(field) = fields.get(name) {
            let _ = source.fields(field.value, &suggest::NOTHING);
        }
    }
    let yaml_indent = match indent(source, fields.get("yaml")) {
        Some((number, node)) => usize::try_from(number).map(Some).unwrap_or_else(|_| {
            let error = Error::new(Kind::Config, format!("`indent` cannot be {number} in YAML"))
                .because("it counts spaces")
                .hint("write 2 or 4");
            source.error(node, error);
            None
        }),
        None => None,
    };
    Stores {
        yaml_indent: yaml_indent.filter(|&indent| indent > 0),
        json_indent: indent(source, fields.get("json")).map(|(number, _)| number),
        json_binary_indent: indent(source, fields.get("json_binary")).map(|(number, _)| number),
    }
}

fn indent(source: &mut Source<'_>, field: Option<&Field>) -> Option<(i64, NodeId)> {
    let fields = source.fields(field?.value, &suggest::INDENT)?;
    source.integer(&fields, "indent")
}
