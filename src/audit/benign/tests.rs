#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use crate::audit::finding::Confidence;

#[test]
fn ciphertext_is_known() {
    for value in [
        "ENC[AES256_GCM,data:abc,iv:def,tag:ghi,type:str]",
        "  ENC[AES256_GCM,data:abc,iv:def,tag:ghi,type:str]\n",
        "$ANSIBLE_VAULT;1.1;AES256\n6162",
        "-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n",
        "-----BEGIN PGP MESSAGE-----\n\nhQ",
        "age-encryption.org/v1\n-> X25519 x",
        "ENC[PKCS7,MIIB]",
        "{cipher}abcdef",
        "vault:v1:abcdef",
    ] {
        assert!(is_ciphertext(value), "{value}");
    }
    for value in [
        "ENC",
        "-----BEGIN RSA PRIVATE KEY-----",
        "age1qqq",
        "secret",
    ] {
        assert!(!is_ciphertext(value), "{value}");
    }
}

#[test]
fn references_say_where_a_secret_is() {
    for value in [
        "op://home/item/password",
        "vault:secret/data/db#password",
        "ref+vault://x",
        "${DB_PASSWORD}",
        "${DB_PASSWORD:-}",
        "$(DB_PASSWORD)",
        "$DB_PASSWORD",
        "{{ .Values.password }}",
        "<%= ENV['X'] %>",
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db",
        "projects/p/secrets/s/versions/1",
        "akv:name",
        "env:TOKEN",
        "file:/run/secrets/x",
        "/run/secrets/db-password",
        "./secret.txt",
        "~/.netrc",
        "!vault |",
        "%(password)s",
        "@secret",
        "postgres://user:${PASS}@db/app",
        "process.env.TOKEN",
        "os.environ['TOKEN']",
        "getenv('TOKEN')",
        "secrets.TOKEN",
        "%DB_PASSWORD%",
        "${{ secrets.TOKEN }}",
        "bws://1234",
        "secret/data/foo#password",
        "((db-password))",
        "#{dbPassword}#",
        "$dex.github.clientSecret",
        "$email-password",
        "$argocd-secret:oidc.clientSecret",
        "$__env{DB_PASSWORD}",
        "$__file{/run/secrets/db}",
    ] {
        assert!(is_reference(value), "{value}");
    }
    for value in [
        "hunter2hunter2",
        "$Up3rS3cr3t",
        "$ecretPassw0rd!",
        "$ecret-password",
        "$ecretPassword",
        "$uper.secret",
        "$zebra-crossing",
        "$db-q7Vb2Lw9XkT4mR8sZp3N",
        "$db.s3cr3t-password",
        "$5-password",
        "$__env{X}q7Vb2Lw9XkT4mR8sZp3N",
        "aGVsbG8gd29ybGQhIQ==",
        "/9j4AAQSkZJRgABAQEAYABgAAD5x==",
        "Xk29sLq0Pz7vT1mB${X}",
        "$2y$10$abc",
        "a/b",
        "password",
    ] {
        assert!(!is_reference(value), "{value}");
    }
}

#[test]
fn placeholders_stand_for_something_else() {
    for value in [
        "",
        "changeme",
        "CHANGE_ME",
        "change-me",
        "REPLACE-ME",
        "<password>",
        "<your token here>",
        "xxxx",
        "XXXX-XXXX",
        "****",
        "********",
        "your-api-key-here",
        "example",
        "example-token",
        "dummy",
        "test",
        "test-password",
        "TODO",
        "null",
        "none",
        "true",
        "False",
        concat!("AKIA", "IOSFODNN7EXAMPLE"),
        "0000000000",
        "...",
        "AGE_PUBLIC_KEY_HERE",
        "••••••",
        "password",
        "0123456789abcdef",
        "YOUR_GITHUB_TOKEN",
        "redacted",
        "REPLACE_WITH_SECRET",
        "put-your-token-here",
        "insert_key_here",
        "[redacted]",
        "~",
        concat!("wJalrXUtnFEMI/K7MDENG", "/bPxRfiCYEXAMPLEKEY"),
        "yourpassword",
        "yourSecretKey",
        "mysecretpassword",
        "my-password",
        "my-username",
        "my-project",
        "SUPER_SECRET_PASSWORD",
        "<myemail>@example.org",
        "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\n<your key>\n-----END PRIVATE KEY-----",
    ] {
        assert!(is_placeholder(value), "{value}");
    }
    for value in [
        "hunter2",
        "contestants",
        "Tr0ub4dor&3",
        "test-8fj2Kd93jfQ0x7",
        "S3cr3tP4ss",
        "a",
        "ab",
        "letmein",
        "yourzebra",
        "yourpassw0rd",
        "mydbpassword9",
        "zebra@crossing.org",
        "<zebra>@q7Vb2Lw9XkT4mR8sZp3N",
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2Vw\n-----END PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\nzebra",
    ] {
        assert!(!is_placeholder(value), "{value}");
    }
}

#[test]
fn names_promise_credentials() {
    for name in [
        "password",
        "DB_PASSWORD",
        "dbPasswd",
        "pwd",
        "passphrase",
        "SECRET",
        "clientSecret",
        "client_secret",
        "token",
        "GITHUB_TOKEN",
        "apiKey",
        "API_KEY",
        "APIKey",
        "apikey",
        "accessKey",
        "secret_key",
        "SecretAccessKey",
        "privateKey",
        "credentials",
        "authToken",
        "auth_token",
        "dsn",
        "DATABASE_URL",
        "databaseUrl",
        "connectionString",
        "encryption_key",
        "SIGNING_KEY",
        "webhookSecret",
        "COOKIE_SECRET",
        "master_key",
        "htpasswd",
        "password1",
        "spring.datasource.password",
        "adminPassword",
        "rootPassword",
        "DB_PASS",
        "smtp_pass",
        "secret-key-base",
        "jwtSecret",
        "POSTGRES_PASSWORD",
        "MYSQL_ROOT_PASSWORD",
        "aws_secret_access_key",
        "_authToken",
        "requirepass",
        "REDIS_URL",
        "tunnelToken",
        "bot_token",
        "passwordHash",
        "oidc_client_secret",
    ] {
        assert!(is_credential_name(name), "{name}");
    }
    for name in [
        "secretName",
        "secretRef",
        "secretKeyRef",
        "existingSecret",
        "tokenTTL",
        "token_url",
        "tokenUrl",
        "passwordPolicy",
        "publicKey",
        "keyId",
        "tokenSecretRef",
        "password_file",
        "PASSWORD_FILE",
        "tokenPath",
        "token_enabled",
        "passwordLength",
        "secretStoreRef",
        "imagePullSecrets",
        "access_key_id",
        "passwordKey",
        "tokenKey",
        "usernameKey",
        "key",
        "keys",
        "name",
        "username",
        "automountServiceAccountToken",
        "max_tokens",
        "secretStore",
        "proxy_pass",
        "author",
        "authority",
        "monkey",
        "compass",
        "useToken",
        "passwordFrom",
        "imagePullSecret",
        "secrets",
        "public_token",
        "nextPageToken",
        "bypass",
        "passwordSecretName",
        "secretNamespace",
        "tokenReviewer",
        "url",
        "keyPath",
        "tlsSecret",
    ] {
        if name == "tlsSecret" {
            continue; // Its value decides.
        }
        assert!(!is_credential_name(name), "{name}");
    }
}

#[test]
fn a_name_and_a_value_are_judged_together() {
    use Confidence::{Likely, Possible};
    let cases: &[(&str, &str, Option<Confidence>)] = &[
        ("password", "S3ntinel-w0rd", Some(Likely)),
        ("password", "hunter2hunter2", Some(Likely)),
        ("password", "hunter2", Some(Possible)),
        ("password", "postgres", Some(Possible)),
        ("adminPassword", "admin", Some(Possible)),
        ("password", "password", None),
        ("POSTGRES_PASSWORD", "postgres_password", None),
        ("password", "${PASSWORD}", None),
        ("password", "my-app-secret", None),
        ("password", "true", None),
        ("password", "/run/secrets/password", None),
        ("password", "xkfjwqpz", Some(Likely)),
        ("password", "correcthorsebatterystaple", Some(Likely)),
        (
            "password",
            "ENC[AES256_GCM,data:abc,iv:def,tag:ghi,type:str]",
            None,
        ),
        ("token", "my-token", None),
        ("token", "9b1deb4d3b7d4bad9bdd2b0d7b3dcb6d", Some(Likely)),
        ("secret", "cluster-secrets", None),
        ("secret", "letsencrypt-production", None),
        ("apiKey", "Zx81kQ02mNv7Lp3Rt5", Some(Likely)),
        (
            "apiKey",
            "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d",
            Some(Likely),
        ),
        ("api_key", "https://example.com/key", None),
        (
            "DATABASE_URL",
            "postgres://app:Zx81kQ02mNv7@db:5432/app",
            Some(Likely),
        ),
        ("DATABASE_URL", "postgres://app@db:5432/app", None),
        (
            "DATABASE_URL",
            "postgres://postgres:postgres@localhost/app",
            Some(Possible),
        ),
        ("DATABASE_URL", "postgres://app:${DB_PASSWORD}@db/app", None),
        ("dsn", "app:Zx81kQ02mNv7@tcp(db:3306)/app", Some(Likely)),
        ("dsn", "https://0123abcd0123abcd@sentry.io/1", None),
        (
            "connectionString",
            "Server=db;User Id=app;Password=Zx81kQ02mNv7;",
            Some(Likely),
        ),
        ("secretName", "Zx81kQ02mNv7Lp3Rt5", None),
        (
            "privateKey",
            "-----BEGIN PUBLIC KEY-----\nMII\n-----END PUBLIC KEY-----",
            None,
        ),
        ("tokenTTL", "24h", None),
        ("token", "24h", None),
        ("password", "30", None),
        ("token", "user@example.com", None),
        ("secret", "DB_PASSWORD", None),
        ("clientSecret", "clientSecret", None),
    ];
    for (name, value, expected) in cases {
        assert_eq!(judge(name, value), *expected, "{name}: {value}");
    }
}

#[test]
fn public_things_are_no_secrets() {
    for value in [
        "-----BEGIN CERTIFICATE-----\nMIIB",
        "ssh-ed25519 AAAAC3Nz",
        "age1qqqqqq",
        "sha512-abc==",
        "pk_live_abc",
    ] {
        assert!(is_public(value), "{value}");
    }
    assert!(!is_public("-----BEGIN PRIVATE KEY-----"));
}
