//! Names, values and remarks for the generators.

use base64::Engine as _;

use super::random::Random;

const WORDS: &[&str] = &[
    "alpha", "beta", "database", "token", "user", "host", "port", "region", "cache", "queue", "worker", "replica",
    "primary", "backup", "session", "cookie", "issuer", "client", "scope", "bucket", "prefix", "registry", "image",
    "ingress", "tunnel", "origin", "webhook", "retry", "timeout", "limit", "quota", "mirror",
];

const REMARKS: &[&str] = &[
    "rotate this every quarter",
    "see the runbook",
    "do not edit by hand",
    "TODO: move to the vault",
    "owner: platform team",
    "was: \"old value\"",
    "key: value # inside a remark",
    "größer als vorher",
    "日本語のコメント",
    "warning 🚨 here",
    "- not an item",
    "{ not: flow }",
    "'single' and \"double\"",
    "{\"$imagepolicy\": \"flux-system:blaster-dev\"}",
    "yaml-language-server: $schema=https://example.com/schema.json",
    "%YAML",
    "---",
    "trailing blanks   ",
    "tab\tinside",
];

const TEXTS: &[&str] = &[
    "correct horse battery staple",
    "postgres://blaster:s3cr3t@db.blaster-dev.svc:5432/blaster?sslmode=require",
    "p@ss:w0rd#1",
    "value # with a hash",
    "it's quoted",
    "say \"hi\"",
    "back\\slash",
    "tab\there",
    " leading blank",
    "trailing blank ",
    "- dash first",
    "? question first",
    ": colon first",
    "ends with a colon:",
    "@at",
    "`backquote`",
    "%percent",
    "&amp",
    "*star",
    "!bang",
    "|pipe",
    ">fold",
    "[bracket",
    "{brace}",
    "a, b, c",
    "grüße aus köln",
    "日本語テキスト",
    "emoji 🎉 and 👩‍💻",
    "Ωmega",
    "zero\u{200b}width",
    "nbsp\u{a0}here",
    "yes",
    "no",
    "on",
    "true",
    "null",
    "~",
    "0644",
    "12345",
    "1.5",
    "1e3",
    ".inf",
    "1:30",
    "2024-02-29",
    "2024-02-29T12:34:56Z",
    "0x1F",
    "<<",
    "=",
    "y",
    "n",
    "---",
    "...",
    "--- a",
    "#hash",
    "ENC[not really]",
    "${DB_PASSWORD}",
    "{{ .Values.token }}",
    "bell\u{7}",
    "escape\u{1b}[0m",
    "next\u{85}line",
    "line\u{2028}separator",
    "del\u{7f}",
    "\u{feff}bom",
    "💥",
    "",
];

const LINES: &[&str] = &[
    "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUQ\nZm9vYmFyYmF6\n-----END CERTIFICATE-----\n",
    "first\nsecond\n",
    "no newline at the end\nof this",
    "ends in two\n\n",
    "ends in four\n\n\n\n",
    "\nstarts with an empty line\n",
    "\n\nstarts with two\n",
    "  starts with blanks\nand goes on\n",
    "a\n  b\n    c\n  d\ne\n",
    "key: value\nlist:\n  - a\n  - b\n",
    "# not a comment\nbut text\n",
    "trailing blank \nhere\n",
    "blank line with blanks\n   \nhere\n",
    "tab\tinside\n\tand first\n",
    "[server]\nport = 8080\n\n[client]\nname = \"x\"\n",
    "#!/bin/sh\nset -eu\necho \"$HOME\" 'it''s'\n",
    "{\n  \"json\": [1, 2, 3]\n}\n",
    "grüße\n日本\n🎉\n",
    "---\nnot a document\n",
    "one line\n",
    "\n",
    "\n\n\n",
    "a very long line that goes on and on and on past the eighty columns where some emitters like to fold their text\nshort\n",
    "ends in a line of blanks\n  ",
];

const PLAIN: &[&str] = &[
    "0", "1", "-1", "42", "8080", "+12", "0644", "0o644", "0x1F", "0b101", "1_000", "9223372036854775807",
    "-9223372036854775808", "007", "08", "1.5", "1.50", "-0.0", ".5", "5.", "1e3", "1E-7", "6.02e23", "1e21", "1e400",
    "123456789.123", "0.1", "100000.0", ".inf", "-.inf", ".Inf", ".nan", ".NaN", "true", "True", "TRUE", "false",
    "False", "yes", "no", "on", "off", "y", "n", "null", "Null", "NULL", "~", "1:30", "12:30:45", "190:20:30",
    "2024-02-29", "2024-2-9", "2024-02-29T12:34:56Z", "2024-02-29T12:34:56.789+10:00", "2001-12-14t21:59:43.10-05:00",
    "2001-12-14 21:59:43", "2001-12-14 21:59:43.10 -5", "2024-13-45", "1.2.3", "v1.33.0", "1.2.3-rc.1", "10.0.0.0/8",
    "::1", "a:b", "http://example.com/x?y=z", "-dash", "--flag=value", "?q", "a#b", "x-y_z", "100m", "128Mi", "5m0s",
    "/var/run/x", "=", "sha256:0a1b2c", "äöü", "日本", "🎉", "a\u{a0}b", "it's", "say\"x",
];

/// A lower-case name of one to three words.
pub(super) fn name(random: &mut Random) -> String {
    let mut name = random.pick(WORDS).to_owned();
    for _ in 0..random.below(3) {
        name.push('-');
        name.push_str(random.pick(WORDS));
    }
    name
}

/// A key of a Secret or a ConfigMap.
pub(super) fn data_key(random: &mut Random) -> String {
    match random.below(6) {
        0 => format!("{}.{}", random.pick(WORDS), random.pick(&["yaml", "json", "conf", "crt", "key"])),
        1 => name(random).replace('-', "_").to_uppercase(),
        2 => format!(".{}", name(random)),
        _ => name(random),
    }
}

/// A key that a person would rather not meet. Never `sops`, never a merge key.
pub(super) fn odd_key(random: &mut Random) -> String {
    const ODD: &[&str] = &[
        "", " ", "y", "n", "yes", "true", "null", "~", "123", "1.5", "0644", "2024-01-01", "a b", "a: b", "a#b", "a #b",
        "-", "- x", "?", "? x", "key with 'quotes'", "say \"x\"", "back\\slash", "größe", "日本", "🔑", "tab\tkey",
        "two\nlines", "[x]", "{x}", "a,b", "*star", "&amp", "!bang", "%p", "@at", "`b`", "x_unencrypted", "x_enc", "data",
        "stringData", "metadata.name", "app.kubernetes.io/name", "a:b", "=", "_", "sops_", "Sops", "ENC[x]", "...", "---",
        "trailing ", "'", "\"",
    ];
    match random.below(12) {
        0 => "k".repeat(random.between(120, 140)),
        1..=4 => random.pick(ODD).to_owned(),
        _ => name(random),
    }
}

/// A text on one line, quoting left to the writer.
pub(super) fn text(random: &mut Random) -> String {
    match random.below(10) {
        0..=4 => random.pick(TEXTS).to_owned(),
        5 => base64_text(random, 400),
        6 => format!("{} {}", random.pick(TEXTS), random.pick(TEXTS)),
        _ => name(random),
    }
}

/// A value as a careful team writes it.
pub(super) fn tame_text(random: &mut Random) -> String {
    match random.below(5) {
        0 => base64_text(random, 60),
        1 => format!("{}-{}", name(random), random.below(10_000)),
        2 => random.pick(TEXTS).to_owned(),
        _ => name(random),
    }
}

/// A text of several lines.
pub(super) fn lines(random: &mut Random) -> String {
    if random.chance(20) { format!("{}{}", random.pick(LINES), random.pick(LINES)) } else { random.pick(LINES).to_owned() }
}

/// A scalar that can stand without quotes, often one that is not a string.
pub(super) fn plain(random: &mut Random) -> String {
    random.pick(PLAIN).to_owned()
}

/// Up to `most` bytes in standard base64.
pub(super) fn base64_text(random: &mut Random, most: usize) -> String {
    let bytes: Vec<u8> = (0..random.between(1, most)).map(|_| random.next().to_le_bytes()[0]).collect();
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// A comment without its line break, from the `#` on.
pub(super) fn comment(random: &mut Random) -> String {
    match random.below(12) {
        0 => "#".to_owned(),
        1 => format!("#{}", random.pick(REMARKS)),
        2 => format!("## {} ##", random.pick(REMARKS)),
        3 => format!("#   {}", random.pick(REMARKS)),
        _ => format!("# {}", random.pick(REMARKS)),
    }
}
