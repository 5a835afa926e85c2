//! The other Rust program that reads SOPS files: what both can express goes both ways.

use super::tools::{Bench, identity, recipient, run};

/// No comments, no empty strings and no times: rops loses or refuses those.
const SOURCE: &str = "user: admin\npassword: 'hunter2'\nnested:\n  port: 5432\n  flag: true\n  list:\n  - one\n  - two\n";

#[test]
#[ignore = "needs the real tools; run by .ci/run"]
fn rops_opens_what_we_seal() {
    let bench = Bench::new();
    let folder = bench.folder("ours");
    std::fs::write(folder.join("source.yaml"), SOURCE).unwrap();
    let sealed =
        run(bench
            .secrets(&folder)
            .args(["encrypt", "--age", &recipient("alice"), "source.yaml"]))
        .expect("secrets encrypt");
    std::fs::write(folder.join("sealed.yaml"), sealed).unwrap();
    let mut rops = bench.tool("rops", &folder);
    let opened = run(rops
        .env("ROPS_AGE", identity(0))
        .args(["decrypt", "sealed.yaml"]))
    .expect("rops decrypt");
    let opened = String::from_utf8(opened).unwrap();
    for line in [
        "user: admin",
        "password: hunter2",
        "port: 5432",
        "flag: true",
    ] {
        assert!(opened.contains(line), "no {line:?} in\n{opened}");
    }
}

#[test]
#[ignore = "needs the real tools; run by .ci/run"]
fn we_open_what_rops_seals() {
    let bench = Bench::new();
    let folder = bench.folder("theirs");
    std::fs::write(folder.join("source.yaml"), SOURCE).unwrap();
    let mut rops = bench.tool("rops", &folder);
    let sealed = run(rops.args(["encrypt", "--age", &recipient("alice"), "source.yaml"]))
        .expect("rops encrypt");
    std::fs::write(folder.join("sealed.yaml"), sealed).unwrap();
    let wanted = run(bench.sops(&folder).args(["decrypt", "sealed.yaml"]))
        .expect("sops decrypt of rops' file");
    let opened = run(bench.secrets(&folder).args(["decrypt", "sealed.yaml"]))
        .expect("secrets decrypt of rops' file");
    assert_eq!(
        String::from_utf8_lossy(&opened),
        String::from_utf8_lossy(&wanted)
    );
}
