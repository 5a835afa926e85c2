//! Data keys wrapped by one age program and unwrapped by another.

use std::path::Path;

use assert_cmd::Command;

use super::tools::{Bench, golden, recipient, run};

const SOURCE: &str = "# remark\nuser: admin\npassword: hunter2 # beside\n";

const BEGIN: &str = "-----BEGIN AGE ENCRYPTED FILE-----";
const END: &str = "-----END AGE ENCRYPTED FILE-----";

/// The first armored age file of a sealed document, and its column.
fn wrapped(sealed: &str) -> (String, usize) {
    let lines = sealed.lines().skip_while(|line| line.trim() != BEGIN);
    let mut armor = String::new();
    let mut column = 0;
    for line in lines {
        column = line.len() - line.trim_start().len();
        armor.push_str(line.trim());
        armor.push('\n');
        if line.trim() == END {
            return (armor, column);
        }
    }
    panic!("no age file at column {column} in:\n{sealed}");
}

/// `sealed` with another age file in place of its only one.
fn rewrapped(sealed: &str, armor: &str) -> String {
    let (_, column) = wrapped(sealed);
    let mut text = String::new();
    let mut inside = false;
    for line in sealed.split_inclusive('\n') {
        if line.trim() == BEGIN {
            inside = true;
            for new in armor.lines() {
                text.push_str(&format!("{}{new}\n", " ".repeat(column)));
            }
        }
        if !inside {
            text.push_str(line);
        }
        if line.trim() == END {
            inside = false;
        }
    }
    text
}

/// The program under test with the identity that belongs to `name` and no other.
fn with_identity(command: &mut Command, name: &str) {
    match name {
        "ssh" => {
            command
                .env_remove("SOPS_AGE_KEY")
                .env("SOPS_AGE_SSH_PRIVATE_KEY_FILE", golden("plain/ssh_ed25519"));
        }
        "pq" => {
            command
                .env_remove("SOPS_AGE_KEY")
                .env("SOPS_AGE_KEY_FILE", golden("plain/identity-pq.txt"));
        }
        _ => {
            command
                .env_remove("SOPS_AGE_KEY")
                .env("SOPS_AGE_KEY_FILE", golden("plain/identities.txt"));
        }
    }
}

fn identity_file(name: &str) -> std::path::PathBuf {
    golden(match name {
        "ssh" => "plain/ssh_ed25519",
        "pq" => "plain/identity-pq.txt",
        _ => "plain/identities.txt",
    })
}

/// Seals the source for one recipient.
fn seal(bench: &Bench, folder: &Path, name: &str) -> String {
    std::fs::write(folder.join("source.yaml"), SOURCE).unwrap();
    let sealed =
        run(bench
            .secrets(folder)
            .args(["encrypt", "--age", &recipient(name), "source.yaml"]))
        .expect("secrets encrypt");
    String::from_utf8(sealed).unwrap()
}

/// What `tool` (age or rage) unwraps from an armored file.
fn unwrap_with(bench: &Bench, folder: &Path, tool: &str, name: &str, armor: &str) -> Vec<u8> {
    std::fs::write(folder.join("wrapped.age"), armor).unwrap();
    let identity = folder.join(format!("identity-{name}"));
    std::fs::copy(identity_file(name), &identity).unwrap();
    let key = run(bench
        .tool(tool, folder)
        .arg("-d")
        .arg("-i")
        .arg(&identity)
        .arg("wrapped.age"));
    key.expect(&format!("{tool} -d for {name}"))
}

/// Our wrapped keys open with `tool`, and what `tool` wraps opens with us and with SOPS.
fn goes_both_ways(tool: &str, names: &[&str]) {
    let bench = Bench::new();
    for name in names {
        let folder = bench.folder(&format!("{tool}-{name}"));
        let sealed = seal(&bench, &folder, name);
        let (armor, _) = wrapped(&sealed);
        let key = unwrap_with(&bench, &folder, tool, name, &armor);
        assert_eq!(key.len(), 32, "{tool} unwraps a data key for {name}");

        let again = run(bench
            .tool(tool, &folder)
            .args(["-a", "-r", &recipient(name)])
            .write_stdin(key))
        .expect(tool);
        let text = rewrapped(&sealed, &String::from_utf8(again).unwrap());
        assert_ne!(text, sealed);
        std::fs::write(folder.join("rewrapped.yaml"), text).unwrap();
        let mut ours = bench.secrets(&folder);
        with_identity(&mut ours, name);
        let opened = run(ours.args(["decrypt", "rewrapped.yaml"]))
            .expect(&format!("secrets decrypt of {tool}'s {name}"));
        assert_eq!(String::from_utf8_lossy(&opened), SOURCE);
        let mut sops = bench.sops(&folder);
        with_identity(&mut sops, name);
        run(sops.args(["decrypt", "rewrapped.yaml"]))
            .expect(&format!("sops decrypt of {tool}'s {name}"));
    }
}

#[test]
#[ignore = "needs the real tools; run by .ci/run"]
fn data_keys_go_both_ways_with_age() {
    goes_both_ways("age", &["alice", "bob", "ssh", "pq"]);
}

#[test]
#[ignore = "needs the real tools; run by .ci/run"]
fn data_keys_go_both_ways_with_rage() {
    goes_both_ways("rage", &["alice", "carol", "ssh"]);
}

#[test]
#[ignore = "needs the real tools; run by .ci/run"]
fn each_of_several_recipients_opens_alone() {
    let bench = Bench::new();
    let folder = bench.folder("several");
    std::fs::write(folder.join("source.yaml"), SOURCE).unwrap();
    let all = ["alice", "ssh", "pq"].map(recipient).join(",");
    let sealed = run(bench
        .secrets(&folder)
        .args(["encrypt", "--age", &all, "source.yaml"]))
    .expect("secrets encrypt");
    std::fs::write(folder.join("ours.yaml"), sealed).unwrap();
    let sealed = run(bench
        .sops(&folder)
        .args(["encrypt", "--age", &all, "source.yaml"]))
    .expect("sops encrypt");
    std::fs::write(folder.join("sops.yaml"), sealed).unwrap();
    for name in ["alice", "ssh", "pq"] {
        let mut sops = bench.sops(&folder);
        with_identity(&mut sops, name);
        run(sops.args(["decrypt", "ours.yaml"])).expect(&format!("sops decrypt as {name}"));
        let mut ours = bench.secrets(&folder);
        with_identity(&mut ours, name);
        run(ours.args(["decrypt", "sops.yaml"])).expect(&format!("secrets decrypt as {name}"));
    }
}

#[test]
#[ignore = "needs the real tools; run by .ci/run"]
fn identities_and_recipients_of_fresh_keys_agree() {
    let bench = Bench::new();
    let folder = bench.folder("fresh");
    for tool in ["age-keygen", "rage-keygen"] {
        let file = folder.join(format!("{tool}.txt"));
        run(bench.tool(tool, &folder).arg("-o").arg(&file)).expect(tool);
        let text = std::fs::read_to_string(&file).unwrap();
        let public = text
            .lines()
            .find_map(|line| line.strip_prefix("# public key: "))
            .expect("a public key");
        std::fs::write(folder.join("source.yaml"), SOURCE).unwrap();
        let sealed = run(bench
            .secrets(&folder)
            .args(["encrypt", "--age", public, "source.yaml"]))
        .expect("secrets encrypt");
        std::fs::write(folder.join("sealed.yaml"), sealed).unwrap();
        for mut program in [bench.secrets(&folder), bench.sops(&folder)] {
            program
                .env_remove("SOPS_AGE_KEY")
                .env("SOPS_AGE_KEY_FILE", &file);
            run(program.args(["decrypt", "sealed.yaml"])).expect("decrypt with a fresh key");
        }
    }
}
