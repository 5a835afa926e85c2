//! Credentials by where they stand: documents, addresses, hashes, settings, statements.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::bytes::{ALNUM, BASE64, CRYPT, HEX};
use super::*;
use Confidence::{Certain, Likely, Possible};

#[test]
fn registry_credentials_are_found_raw_and_in_secrets() {
    let auth = STANDARD.encode("robot:Zx81kQ02mNv7");
    let config = format!(
        "{{\"auths\":{{\"registry.example.net\":{{\"username\":\"robot\",\"password\":\"Zx81kQ02mNv7\",\"auth\":\"{auth}\"}}}}}}"
    );
    assert_eq!(only("config.json", &config).0, "SEC103");
    let found = hits(
        "s.yaml",
        format!("data:\n  .dockerconfigjson: {}\n", STANDARD.encode(&config)),
    );
    assert_eq!(
        (found.len(), found[0].check.id, found[0].confidence),
        (1, "SEC103", Certain)
    );
    assert_eq!(found[0].value.expose(), b"Zx81kQ02mNv7");
    let escaped = format!("{{\"x\": \"{}\"}}", config.replace('"', "\\\""));
    assert_eq!(only("x.json", &escaped).0, "SEC103");
    let only_password = "{\"auths\":{\"r\":{\"username\":\"u\",\"password\":\"Zx81kQ02mNv7\"}}}";
    assert_eq!(
        only("x.json", only_password),
        ("SEC103", Certain, "Zx81kQ02mNv7".to_owned())
    );
    for text in [
        "{\"auths\":{\"ghcr.io\":{}},\"credsStore\":\"osxkeychain\"}".to_owned(),
        "{\"auths\":{\"ghcr.io\":{\"auth\":\"${AUTH}\"}}}".to_owned(),
        format!(
            "{{\"auths\":{{\"r\":{{\"auth\":\"{}\"}}}}}}",
            STANDARD.encode("user:<password>")
        ),
        "{\"auth\": \"none\"}".to_owned(),
    ] {
        none("x.json", &text);
    }
}

#[test]
fn a_kubeconfig_needs_no_current_context() {
    let token = drawn(&ALNUM, 53, 4);
    for (path, text) in [
        (
            "kubeconfig",
            format!(
                "apiVersion: v1\nkind: Config\nusers:\n- name: a\n  user:\n    token: {token}\n"
            ),
        ),
        (
            "config.yaml",
            format!("kind: Config\nusers:\n- name: a\n  user:\n    token: {token}\n"),
        ),
        (
            "a.json",
            format!("{{\"kind\":\"Config\",\"users\":[{{\"user\":{{\"token\":\"{token}\"}}}}]}}"),
        ),
        (
            "home/.kube/config",
            format!("users:\n- user: {{token: {token}}}\n"),
        ),
        (
            "prod.kubeconfig",
            format!("users:\n- user: {{token: {token}}}\n"),
        ),
    ] {
        assert_eq!(
            only(path, &text),
            ("SEC104", Confidence::Certain, token.clone()),
            "{path}"
        );
    }
    none("kubeconfig", "token: no users here\n");
    none(
        "other",
        &format!("users:\n- user: {{token: {}}}\n", drawn(&ALNUM, 10, 4)),
    );
}

#[test]
fn kubeconfigs_are_certain() {
    let key = std::fs::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src/kubernetes/testdata/rsa.key"
    ))
    .unwrap();
    let encoded = STANDARD.encode(key);
    let config = |user: &str| {
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: a\nclusters: []\nusers:\n- name: admin\n  user:\n    {user}\n"
        )
    };
    let found = hits(
        "kubeconfig.yaml",
        config(&format!("client-key-data: {encoded}")),
    );
    assert_eq!(
        (found.len(), found[0].check.id, found[0].confidence),
        (1, "SEC104", Certain)
    );
    assert_eq!(
        found[0].key_path.as_deref(),
        Some("users[0].user.client-key-data")
    );
    let token = drawn(&ALNUM, 40, 1);
    assert_eq!(
        only("kubeconfig", &config(&format!("token: {token}"))),
        ("SEC104", Certain, token)
    );
    assert_eq!(
        only("kubeconfig", &config("password: Zx81kQ02")).0,
        "SEC104"
    );
    let inner = STANDARD.encode(config(&format!("client-key-data: {encoded}")));
    let found = hits("s.yaml", format!("data:\n  value: {inner}\n"));
    assert!(found.iter().any(|hit| hit.check.id == "SEC104"));
    none("kubeconfig", &config("client-key-data: DATA+OMITTED"));
    none("kubeconfig", &config("token: REDACTED"));
    none("kubeconfig", &config("client-key: /home/me/key.pem"));
    none(
        "cm.yaml",
        "kind: ConfigMap\ncurrent-context: x\ntoken: abcdefghijkl\nusers: []\n",
    );
}

#[test]
fn passwords_in_addresses_are_judged() {
    let cases = [
        (
            "postgres://app:Zx81kQ02mNv7@db.internal:5432/app",
            Likely,
            "Zx81kQ02mNv7",
        ),
        ("redis://:Zx81kQ02mNv7@cache:6379", Likely, "Zx81kQ02mNv7"),
        (
            "mongodb+srv://app:Zx81%40kQ02mNv7@c.mongodb.net/x",
            Likely,
            "Zx81%40kQ02mNv7",
        ),
        (
            "https://oauth2:Zx81kQ02mNv7Zx81@git.internal/a.git",
            Likely,
            "Zx81kQ02mNv7Zx81",
        ),
        ("amqp://guest:guest@localhost:5672", Possible, "guest"),
        (
            "postgres://postgres:postgres@localhost/app",
            Possible,
            "postgres",
        ),
        (
            "https://user:Zx81kQ02mNv7@example.com/",
            Possible,
            "Zx81kQ02mNv7",
        ),
    ];
    for (text, confidence, span) in cases {
        assert_eq!(
            only("a.txt", &format!("x: {text}\n")),
            ("SEC118", confidence, span.to_owned()),
            "{text}"
        );
    }
    for text in [
        "https://user@host/x",
        "https://user:password@host",
        "postgres://app:${DB_PASSWORD}@db/app",
        "postgres://{{ .user }}:{{ .password }}@db",
        "postgres://$(USER):$(PASSWORD)@db",
        "oci://ghcr.io/a/b:v1@sha256:0123",
        "https://medium.com/@user:x",
        "https://0123456789abcdef0123456789abcdef@o1.ingest.sentry.io/1",
        "git@github.com:a/b.git and https://a.b:8080/c@d",
        "https://<user>:<password>@host",
        "http://foo:xxxx@bar",
    ] {
        none("a.txt", text);
    }
}

#[test]
fn connection_strings_have_passwords() {
    let cases = [
        "Server=db;User Id=app;Password=Zx81kQ02mNv7;",
        "\"Data Source=db;Initial Catalog=x;UID=app;PWD=Zx81kQ02mNv7\"",
        "jdbc:mysql://db/app?user=app&password=Zx81kQ02mNv7",
        "host=db user=app password=Zx81kQ02mNv7 dbname=app",
    ];
    for text in cases {
        assert_eq!(
            only("a.txt", text),
            ("SEC118", Likely, "Zx81kQ02mNv7".to_owned()),
            "{text}"
        );
    }
    for text in [
        "Server=db;User Id=app;Password=${PASSWORD};",
        "Server=db;User Id=app;Password=<password>;",
        "curl 'https://x/login?user=a&password=Zx81kQ02mNv7'",
        "pwd=$(pwd)",
        "if password=Zx81kQ02mNv7",
    ] {
        none("a.txt", text);
    }
    let key = STANDARD.encode(drawn(&ALNUM, 64, 2));
    let azure = format!(
        "DefaultEndpointsProtocol=https;AccountName=x;AccountKey={key};EndpointSuffix=core.windows.net"
    );
    assert_eq!(only("a.txt", &azure).0, "SEC116");
}

#[test]
fn hashes_of_passwords_are_known_by_their_form() {
    let cases = [
        format!("$2y$10${}", drawn(&CRYPT, 53, 3)),
        format!("$6$salt1234${}", drawn(&CRYPT, 86, 4)),
        format!("$6$rounds=5000$salt1234${}", drawn(&CRYPT, 86, 5)),
        format!("$5$salt${}", drawn(&CRYPT, 43, 6)),
        format!("$apr1$saltsalt${}", drawn(&CRYPT, 22, 7)),
        format!("$y$j9T$saltsalt${}", drawn(&CRYPT, 43, 8)),
        format!(
            "$argon2id$v=19$m=65536,t=3,p=4${}${}",
            drawn(&ALNUM, 22, 9),
            drawn(&ALNUM, 43, 10)
        ),
        format!(
            "pbkdf2_sha256$260000${}${}=",
            drawn(&ALNUM, 22, 11),
            drawn(&BASE64, 43, 12)
        ),
        format!("{{SHA}}{}=", drawn(&BASE64, 27, 13)),
    ];
    for hash in cases {
        assert_eq!(
            only("a.txt", &format!("p: '{hash}'")),
            ("SEC121", Likely, hash)
        );
    }
    // Compose files double each dollar.
    let doubled = format!("$$2y$$05$${}", drawn(&CRYPT, 53, 14));
    assert_eq!(only("a.txt", &doubled).2, doubled[1..]);
    none("a.txt", &format!("$2y$10${}", "x".repeat(53)));
    none("a.txt", "$1$ $6$ $y$ and $2y$10$short");
    none("a.sh", "awk '{print $1$2}' $5$HOME");
}

#[test]
fn dumps_have_hashes_and_passwords() {
    let hash = format!("$2b$12${}", drawn(&CRYPT, 53, 15));
    let insert = format!("INSERT INTO `users` VALUES (1,'a@b.c','{hash}');\n");
    assert_eq!(only("dump.sql", &insert), ("SEC123", Likely, hash));
    let cases = [
        "CREATE USER 'app'@'%' IDENTIFIED BY 'Zx81kQ02mNv7';",
        "ALTER ROLE app WITH LOGIN PASSWORD 'Zx81kQ02mNv7';",
        "CREATE USER app WITH password 'Zx81kQ02mNv7';",
    ];
    for text in cases {
        assert_eq!(
            only("a.sql", text),
            ("SEC123", Likely, "Zx81kQ02mNv7".to_owned())
        );
    }
    let scram = "ALTER ROLE app WITH LOGIN PASSWORD 'SCRAM-SHA-256$4096:abc$def:ghi';";
    assert_eq!(only("a.sql", scram).0, "SEC123");
    none("a.sql", "CREATE USER 'app' IDENTIFIED BY '${PASSWORD}';");
    none("a.sql", "CREATE USER 'app' IDENTIFIED BY 'password';");
    none("a.md", "set the password 'as you like it' in the form");
}

#[test]
fn secrets_of_frameworks() {
    let hex = drawn(&HEX, 128, 16);
    let rails = format!("production:\n  secret_key_base: {hex}\n");
    assert_eq!(only("config/other.yml", &rails), ("SEC122", Likely, hex));
    let key = drawn(&ALNUM, 50, 17);
    assert_eq!(
        only("settings.py", &format!("SECRET_KEY = '{key}'\n")),
        ("SEC122", Likely, key.clone())
    );
    for (name, owner) in [
        ("SECRET_KEY", "of Django or Flask"),
        ("DJANGO_SECRET_KEY", "of Django or Flask"),
        ("FLASK_SECRET_KEY", "of Django or Flask"),
        ("AMPLITUDE_SECRET_KEY", "a secret key"),
    ] {
        let hits = hits("settings.py", format!("{name} = '{key}'\n"));
        assert_eq!((hits.len(), hits[0].confidence), (1, Likely), "{name}");
        assert!(hits[0].message.ends_with(owner), "{}", hits[0].message);
    }
    let insecure = format!("SECRET_KEY = 'django-insecure-{key}'");
    assert_eq!(only("settings.py", &insecure).1, Possible);
    let laravel = format!("base64:{}", STANDARD.encode(drawn(&ALNUM, 32, 18)));
    assert_eq!(
        only("a.txt", &format!("APP_KEY={laravel}\n")),
        ("SEC122", Likely, laravel)
    );
    assert_eq!(
        only("wp-config.php", &format!("define( 'AUTH_KEY', '{key}' );")),
        ("SEC122", Likely, key)
    );
    for text in [
        "SECRET_KEY = os.environ['SECRET_KEY']",
        "SECRET_KEY = env('SECRET_KEY')",
        "define('AUTH_KEY', 'put your unique phrase here');",
        "SECRET_KEY=changeme",
        "JWT_SECRET=${JWT_SECRET}",
        "secret_key_base: <%= ENV['SECRET_KEY_BASE'] %>",
        "APP_KEY=",
        "MY_SECRET_KEY_NAME = 'abcdefghijklmnopqrst'",
    ] {
        none("a.txt", text);
    }
}

#[test]
fn lockfiles_images_and_certificates_are_quiet() {
    let digest = STANDARD.encode(drawn(&ALNUM, 64, 19));
    for text in [
        format!("\"integrity\": \"sha512-{digest}\""),
        format!(
            "url(data:image/png;base64,{})",
            STANDARD.encode(drawn(&ALNUM, 900, 20))
        ),
        format!("sha256:{}", drawn(&HEX, 64, 21)),
        format!("image: ghcr.io/a/b:v1.2.3@sha256:{}", drawn(&HEX, 64, 22)),
        std::fs::read_to_string(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/src/kubernetes/testdata/rsa.crt"
        ))
        .unwrap(),
        format!(
            "encryptedData:\n  password: Ag{}",
            STANDARD.encode(drawn(&ALNUM, 500, 23))
        ),
    ] {
        none("a.json", &text);
        none("a.yaml", &text);
    }
}

#[test]
fn whatever_stands_around_a_literal_nothing_breaks() {
    let literals = [
        "AGE-SECRET-KEY-1",
        "-----BEGIN PRIVATE KEY-----",
        "PuTTY-User-Key-File-3: x\nEncryption: none\nPrivate-Lines: 1\n",
        "\"auths\":{",
        "\"auth\":\"",
        "client-key-data: ",
        "AKIA",
        "x://a:b@",
        "Password=;Server=",
        "$2y$10$",
        "$6$",
        "{SHA}",
        "pbkdf2_sha256$1$",
        "$argon2id$",
        "SECRET_KEY='",
        "IDENTIFIED BY '",
        "H4sIAAAAAAAAA",
        "eyJhbGciOiJIUzI1NiJ9.eyJ",
        "8Q~",
        "&sig=",
        "ghp_",
        "glpat-",
        "xoxb-",
        "pypi-AgEIcHlwaS5vcmc",
        "\u{feff}",
        "ENC[AES256_GCM,",
        "aws_secret_access_key=",
    ];
    let tails = [
        "",
        "\0",
        "\u{e9}",
        "=",
        "====",
        "\\n\\n",
        "-----END ",
        "%",
        "{{{",
        "\"",
        "\n\n",
        "aZ09aZ09aZ09aZ09aZ09aZ09aZ09aZ09aZ09",
    ];
    for literal in literals {
        for before in tails {
            for after in tails {
                let text = format!("{before}{literal}{after}{literal}");
                for path in [
                    "a",
                    "a.yaml",
                    ".env",
                    ".npmrc",
                    ".pgpass",
                    ".netrc",
                    ".htpasswd",
                    ".bash_history",
                    "sitemanager.xml",
                    "wp-config.php",
                ] {
                    let _ = hits(path, &text);
                }
                let _ = hits("a", [&[0xff, 0xfe], text.as_bytes()].concat());
            }
        }
    }
}

#[test]
fn many_of_one_kind_do_not_take_long() {
    // Quadratic work on so much would take minutes.
    for unit in [
        "\"auths\":{",
        "-----BEGIN PRIVATE KEY-----\n",
        "a://b:c@",
        "SECRET_KEY='",
        "eyJ/",
        "$2y$",
        "client-key-data:\"",
    ] {
        let _ = hits("a.txt", unit.repeat(300_000 / unit.len()));
    }
    let token = format!("AKIA{} ", drawn(&bytes::BASE32, 16, 24));
    assert!(!hits("a.txt", token.repeat(2_000)).is_empty());
}
