//! YAML in go-yaml v3's dialect.
