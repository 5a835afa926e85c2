//! Names of keys, variables and fields.

/// What kind of value a name promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Promise {
    /// A password: also a short one is one.
    Password,
    /// A credential that a machine made: long, without words.
    Strong,
    /// A credential, or the name of the object that has it: `secret`, `token`, `credentials`.
    Weak,
    /// An address that may have credentials in it: `DATABASE_URL`, `dsn`.
    Address,
}

/// The name of a key, variable or field promises a credential: `password`, `DB_PASSWD`, `apiToken`.
/// Names of references, files, switches and settings do not: `secretName`, `tokenFile`, `passwordPolicy`.
pub fn is_credential_name(name: &str) -> bool {
    promise(name).is_some()
}

/// The words of a name in lower case: split at everything that is neither letter nor digit and where
/// lower case turns into upper case; `APIKey` is `api` and `key`.
pub(in crate::audit) fn words_of(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut characters = name.chars().peekable();
    let mut before = ' ';
    while let Some(c) = characters.next() {
        let next = characters.peek().copied().unwrap_or(' ');
        let hump = c.is_uppercase()
            && (before.is_lowercase()
                || before.is_ascii_digit()
                || (before.is_uppercase() && next.is_lowercase()));
        if (!c.is_alphanumeric() || hump) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

const PASSWORDS: &[&str] = &[
    "password",
    "passwd",
    "passwort",
    "pwd",
    "passphrase",
    "passcode",
    "pass",
    "pword",
    "psk",
    "userpassword",
    "dbpassword",
    "rootpassword",
    "adminpassword",
    "dbpass",
    "rootpw",
    "rootpass",
    "adminpass",
    "pw",
    "htpasswd",
    "userpass",
    "authpass",
    "smtppass",
    "mysqlpassword",
    "pgpassword",
    "requirepass",
    "masterauth",
    "bindpw",
    "rootpwd",
    "dbpwd",
    "dbpasswd",
    "wpapsk",
];

const STRONG: &[&str] = &[
    "apikey",
    "secretkey",
    "clientsecret",
    "privatekey",
    "accesstoken",
    "authtoken",
    "apitoken",
    "apisecret",
    "accesskey",
    "encryptionkey",
    "signingkey",
    "masterkey",
    "sharedkey",
    "bearertoken",
    "refreshtoken",
    "bottoken",
    "deploytoken",
    "secretkeybase",
    "appsecret",
    "accountkey",
    "authkey",
    "jwtsecret",
    "cookiesecret",
    "sessionsecret",
    "webhooksecret",
    "servicekey",
    "storagekey",
    "licensekey",
    "sessionkey",
    "hmackey",
    "authtok",
    "secretaccesskey",
    "sastoken",
    "tunneltoken",
    "presharedkey",
    "tsig",
    "apptoken",
    "usertoken",
    "personalaccesstoken",
    "idtoken",
    "consumersecret",
    "tokensecret",
    "hashkey",
    "appkey",
];

/// The word before `key` or `token` or `secret` that makes it one that a machine made.
const STRONG_BEFORE_KEY: &[&str] = &[
    "api",
    "access",
    "secret",
    "private",
    "encryption",
    "signing",
    "master",
    "auth",
    "account",
    "storage",
    "shared",
    "service",
    "session",
    "deploy",
    "ssh",
    "hmac",
    "aes",
    "cipher",
    "crypt",
    "crypto",
    "jwt",
    "cookie",
    "root",
    "admin",
    "rsa",
    "app",
    "application",
    "license",
    "licence",
    "webhook",
    "sign",
    "seal",
    "unseal",
    "encrypt",
    "encrypted",
    "decrypt",
    "decryption",
    "recovery",
    "subscription",
    "ingestion",
    "write",
    "client",
    "user",
    "server",
    "project",
    "integration",
    "enrollment",
    "join",
    "host",
    "tunnel",
    "wireguard",
    "preshared",
    "authentication",
    "authorization",
    "oauth",
    "stripe",
    "openai",
    "github",
    "gitlab",
    "aws",
    "sendgrid",
    "mailgun",
    "datadog",
    "newrelic",
    "cloudflare",
    "hash",
    "s3",
    "gpg",
    "pgp",
    "age",
    "tls",
    "ssl",
    "fernet",
    "rpc",
    "bot",
    "accesskey",
    "base",
];

const STRONG_BEFORE_SECRET: &[&str] = &[
    "client",
    "api",
    "app",
    "application",
    "consumer",
    "shared",
    "jwt",
    "cookie",
    "session",
    "webhook",
    "token",
    "oauth",
    "oidc",
    "auth",
    "signing",
    "encryption",
    "hmac",
    "access",
    "nextauth",
    "hook",
    "rpc",
    "account",
    "csrf",
    "rails",
    "django",
    "flask",
    "turn",
    "registration",
    "master",
    "totp",
    "otp",
    "mfa",
    "storage",
];

const STRONG_BEFORE_TOKEN: &[&str] = &[
    "access",
    "auth",
    "api",
    "bearer",
    "refresh",
    "bot",
    "deploy",
    "personal",
    "registration",
    "runner",
    "session",
    "root",
    "admin",
    "app",
    "application",
    "github",
    "gitlab",
    "slack",
    "npm",
    "pypi",
    "vault",
    "telegram",
    "discord",
    "tunnel",
    "sas",
    "join",
    "bootstrap",
    "write",
    "read",
    "service",
    "ci",
    "user",
    "oauth",
    "agent",
    "push",
    "pat",
    "cloudflare",
    "hass",
    "ha",
    "influx",
    "influxdb",
    "grafana",
    "plex",
    "ddns",
    "duckdns",
    "dns",
    "do",
    "digitalocean",
    "hcloud",
    "linode",
    "sonar",
    "codecov",
    "snyk",
    "jenkins",
    "docker",
    "registry",
    "secret",
    "identity",
    "security",
    "hf",
    "huggingface",
    "gh",
    "gl",
    "webhook",
];

const WEAK: &[&str] = &[
    "secret",
    "token",
    "credential",
    "credentials",
    "creds",
    "cred",
    "oauthtoken",
    "secretvalue",
    "secrets",
];

/// In front of everything, these make a name one of a switch, a list or a reference.
const NOT_BEHIND: &[&str] = &[
    "is",
    "has",
    "use",
    "uses",
    "enable",
    "enabled",
    "disable",
    "allow",
    "allowed",
    "require",
    "requires",
    "existing",
    "automount",
    "mount",
    "generate",
    "create",
    "skip",
    "show",
    "mask",
    "hide",
    "ignore",
    "force",
    "verify",
    "validate",
    "check",
    "max",
    "min",
    "num",
    "total",
    "next",
    "page",
    "with",
    "need",
    "needs",
    "insecure",
    "rotate",
    "forgot",
    "reset",
    "expire",
    "expires",
    "can",
    "should",
    "must",
    "copy",
    "sync",
];

/// Just before the promising word, these say that it is something else: `imagePullSecret`, `tlsSecret`,
/// `publicToken`, `sitePassword`s stay.
const NOT_BEFORE: &[&str] = &[
    "public",
    "publishable",
    "pull",
    "existing",
    "ca",
    "cert",
    "certificate",
    "csrf",
    "xsrf",
    "design",
    "continuation",
    "eos",
    "bos",
    "pad",
    "unk",
    "sep",
    "stop",
    "cancellation",
    "no",
    "external",
    "generic",
    "opaque",
    "image",
    "by",
    "pass",
    "bypass",
    "low",
    "high",
    "multi",
    "single",
    "first",
    "second",
];

/// Words at the end that say nothing: `password1`, `token_b64`, `secretValue`.
const NOISE: &[&str] = &[
    "value",
    "base64",
    "b64",
    "plain",
    "plaintext",
    "raw",
    "text",
    "prod",
    "production",
    "dev",
    "staging",
    "old",
    "new",
    "current",
    "primary",
    "secondary",
    "hash",
    "hashed",
    "encoded",
    "hex",
    "bytes",
];

const ADDRESSES: &[&str] = &[
    "dsn",
    "connectionstring",
    "connstring",
    "connstr",
    "connectionuri",
    "connectionurl",
    "databaseurl",
    "databaseuri",
    "dburl",
    "dburi",
    "jdbcurl",
    "redisurl",
    "redisuri",
    "mongourl",
    "mongouri",
    "mongodburi",
    "mongodburl",
    "postgresurl",
    "postgresuri",
    "postgresqlurl",
    "mysqlurl",
    "amqpurl",
    "rabbitmqurl",
    "brokerurl",
    "cacheurl",
    "celerybrokerurl",
    "resultbackend",
    "sqlalchemydatabaseuri",
    "natsurl",
    "smtpurl",
    "ldapurl",
    "proxyurl",
    "httpproxy",
    "httpsproxy",
    "allproxy",
    "mailerdsn",
    "pgurl",
    "pguri",
    "conninfo",
];

/// What the name promises, if anything.
pub(super) fn promise(name: &str) -> Option<Promise> {
    if name.len() > 128 {
        return None;
    }
    let mut words = words_of(name);
    // The last word decides; numbers and words that say nothing stand behind it.
    while words.len() > 1
        && words.last().is_some_and(|word| {
            NOISE.contains(&word.as_str()) || word.bytes().all(|byte| byte.is_ascii_digit())
        })
    {
        words.pop();
    }
    let words: Vec<&str> = words
        .iter()
        .map(|word| word.trim_end_matches(|c: char| c.is_ascii_digit()))
        .collect();
    let (last, before) = words.split_last()?;
    let previous = before.last().copied().unwrap_or_default();
    let first = before.first().copied().unwrap_or_default();
    let ends_with = |list: &[&str]| {
        let two = format!("{previous}{last}");
        let three = before
            .len()
            .checked_sub(2)
            .and_then(|at| before.get(at))
            .map(|third| format!("{third}{two}"))
            .unwrap_or_default();
        list.contains(last) || list.contains(&two.as_str()) || list.contains(&three.as_str())
    };
    if ends_with(ADDRESSES) {
        return Some(Promise::Address);
    }
    if NOT_BEHIND.contains(&first) || NOT_BEFORE.contains(&previous) {
        return None;
    }
    if *last == "secrets" {
        // `imagePullSecrets`, `secrets: inherit`.
        return None;
    }
    if *last == "pass" && !(before.is_empty() || is_subject_of_pass(previous)) {
        return None;
    }
    if PASSWORDS.contains(last) {
        return Some(Promise::Password);
    }
    let strong = match *last {
        "key" => STRONG_BEFORE_KEY.contains(&previous),
        "secret" => STRONG_BEFORE_SECRET.contains(&previous),
        "token" => STRONG_BEFORE_TOKEN.contains(&previous),
        "auth" => previous == "basic",
        "salt" => matches!(previous, "secret" | "auth" | "password" | "nonce"),
        _ => false,
    };
    // `passwordKey` and `tokenKey` name a key inside a Secret.
    if strong || ends_with(STRONG) {
        return Some(Promise::Strong);
    }
    let compound = ["password", "passwd", "passphrase"]
        .iter()
        .any(|end| last.len() > end.len() && last.ends_with(end));
    if compound {
        return Some(Promise::Password);
    }
    if [
        "secretkey",
        "apikey",
        "accesskey",
        "authtoken",
        "clientsecret",
        "accesstoken",
    ]
    .iter()
    .any(|end| last.ends_with(end))
    {
        return Some(Promise::Strong);
    }
    WEAK.contains(last).then_some(Promise::Weak)
}

/// Whose `pass` is a password: `DB_PASS`, `smtp_pass`; not `proxy_pass`, `tests_pass`.
fn is_subject_of_pass(word: &str) -> bool {
    const WORDS: &[&str] = &[
        "db",
        "database",
        "user",
        "admin",
        "root",
        "smtp",
        "mail",
        "email",
        "imap",
        "pop",
        "ftp",
        "sftp",
        "ssh",
        "mysql",
        "mariadb",
        "postgres",
        "postgresql",
        "pg",
        "sql",
        "redis",
        "mongo",
        "mongodb",
        "rabbitmq",
        "amqp",
        "mqtt",
        "ldap",
        "bind",
        "auth",
        "login",
        "account",
        "api",
        "service",
        "http",
        "basic",
        "web",
        "wifi",
        "vnc",
        "rdp",
        "vpn",
        "nexus",
        "docker",
        "registry",
        "git",
        "github",
        "jenkins",
        "grafana",
        "influx",
        "influxdb",
        "elastic",
        "kibana",
        "keystore",
        "truststore",
        "key",
        "cert",
        "client",
        "server",
        "app",
        "default",
        "my",
        "wp",
        "cpanel",
        "plex",
        "nas",
        "router",
        "unifi",
        "broker",
        "zabbix",
        "nagios",
        "snmp",
    ];
    WORDS.contains(&word)
}
