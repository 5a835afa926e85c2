//! Any bytes are a configuration or refused with a reason, and what loads decides on paths.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use secrets::sops::config::Config;

fuzz_target!(|text: &[u8]| {
    match Config::load(Path::new("/repository/.sops.yaml"), text) {
        Ok(config) => {
            let cwd = Path::new("/repository");
            let decision = config.rule_for(Path::new("k8s/dev/10-secret-db.enc.yaml"), cwd);
            assert!(decision.rule.is_none_or(|rule| rule < config.rules().len()));
        }
        Err(errors) => assert!(!errors.is_empty()),
    }
});
