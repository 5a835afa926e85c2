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

/// SOPS refuses what rops 0.1.7 writes, for its `lastmodified` has no quotes and reads as a time. So
/// do we, and say how to mend it.
#[test]
#[ignore = "needs the real tools; run by .ci/run"]
fn we_refuse_what_sops_refuses_of_rops() {
    let bench = Bench::new();
    let folder = bench.folder("theirs");
    let mut rops = bench.tool("rops", &folder);
    rops.args(["encrypt", "--age", &recipient("alice"), "--format", "yaml"]);
    let sealed = run(rops.write_stdin(SOURCE)).expect("rops encrypt");
    std::fs::write(folder.join("sealed.yaml"), &sealed).unwrap();
    assert!(!run(bench.sops(&folder).args(["decrypt", "sealed.yaml"])).ok());
    let refused = run(bench.secrets(&folder).args(["decrypt", "sealed.yaml"]));
    assert_eq!(refused.code, Some(2));
    assert!(
        refused.stderr.contains("is not quoted"),
        "{}",
        refused.stderr
    );
    assert!(refused.stderr.contains("hint: "), "{}", refused.stderr);
}
