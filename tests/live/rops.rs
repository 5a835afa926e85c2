//! The other Rust program that reads SOPS files: what both can express goes both ways.
//!
//! rops takes a document from standard input whenever that is no terminal.

use super::tools::{Bench, identity, recipient, run};

/// No comments, no empty strings and no times: rops loses or refuses those.
const SOURCE: &str = "user: admin\npassword: hunter2\nnested:\n  port: 5432\n  flag: true\n  list:\n  - one\n  - two\n";

#[test]
#[ignore = "needs the real tools; run by .ci/run"]
fn rops_opens_what_we_seal() {
    let bench = Bench::new();
    let folder = bench.folder("ours");
    std::fs::write(folder.join("source.yaml"), SOURCE).unwrap();
    let mut ours = bench.secrets(&folder);
    ours.args(["encrypt", "--age", &recipient("alice"), "source.yaml"]);
    let sealed = run(&mut ours).expect("secrets encrypt");
    let mut rops = bench.tool("rops", &folder);
    rops.env("ROPS_AGE", identity(0))
        .args(["decrypt", "--format", "yaml"]);
    let opened = run(rops.write_stdin(sealed)).expect("rops decrypt");
    assert_eq!(
        String::from_utf8_lossy(&opened).trim_end(),
        SOURCE.trim_end()
    );
}

/// SOPS refuses what rops writes, for its `lastmodified` has no quotes and reads as a time. So do
/// we, with the mend; with quotes both read it.
#[test]
#[ignore = "needs the real tools; run by .ci/run"]
fn we_open_what_rops_seals_once_the_time_is_quoted() {
    let bench = Bench::new();
    let folder = bench.folder("theirs");
    let mut rops = bench.tool("rops", &folder);
    rops.args(["encrypt", "--age", &recipient("alice"), "--format", "yaml"]);
    let sealed = run(rops.write_stdin(SOURCE)).expect("rops encrypt");
    std::fs::write(folder.join("sealed.yaml"), &sealed).unwrap();
    let refused = run(bench.secrets(&folder).args(["decrypt", "sealed.yaml"]));
    assert_eq!(refused.code, Some(2));
    assert!(
        refused.stderr.contains("is not quoted"),
        "{}",
        refused.stderr
    );
    assert!(!run(bench.sops(&folder).args(["decrypt", "sealed.yaml"])).ok());

    let text = String::from_utf8(sealed).unwrap();
    let quote = |line: &str| match line.split_once("lastmodified: ") {
        Some((indent, time)) => format!("{indent}lastmodified: \"{time}\""),
        None => line.to_owned(),
    };
    let quoted: Vec<String> = text.lines().map(quote).collect();
    std::fs::write(folder.join("quoted.yaml"), quoted.join("\n") + "\n").unwrap();
    for mut program in [bench.secrets(&folder), bench.sops(&folder)] {
        let opened = run(program.args(["decrypt", "quoted.yaml"])).expect("decrypt of rops' file");
        assert!(String::from_utf8_lossy(&opened).contains("password: hunter2"));
    }
}
