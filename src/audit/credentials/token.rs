//! What a matcher found at an anchor.

use std::ops::Range;

use zeroize::Zeroizing;

use crate::audit::checks::Check;
use crate::audit::finding::{Confidence, Hit, Severity};

/// A credential in a text.
pub(super) struct Token {
    pub(super) check: &'static Check,
    /// Where it stands.
    pub(super) span: Range<usize>,
    /// The secret itself, if it is not what stands there.
    pub(super) value: Option<Zeroizing<Vec<u8>>>,
    pub(super) message: String,
    pub(super) confidence: Confidence,
    pub(super) severity: Severity,
    pub(super) fix: Option<String>,
}

impl Token {
    /// One that says what its check says.
    pub(super) fn new(
        check: &'static Check,
        span: Range<usize>,
        message: impl Into<String>,
    ) -> Self {
        Token {
            check,
            span,
            value: None,
            message: message.into(),
            confidence: check.confidence,
            severity: check.severity,
            fix: None,
        }
    }

    pub(super) fn confidence(mut self, confidence: Confidence) -> Self {
        self.confidence = confidence;
        self
    }

    pub(super) fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    pub(super) fn of(mut self, value: &[u8]) -> Self {
        self.value = Some(Zeroizing::new(value.to_vec()));
        self
    }

    /// The value, wherever it is.
    pub(super) fn secret<'t>(&'t self, text: &'t [u8]) -> &'t [u8] {
        match &self.value {
            Some(value) => value,
            None => text.get(self.span.clone()).unwrap_or_default(),
        }
    }

    /// The hit, at a span of the text that is reported on.
    pub(super) fn into_hit(self, text: &[u8]) -> Hit {
        let mut hit = Hit::new(self.check, self.span.clone(), self.message.clone())
            .of(self.secret(text))
            .confidence(self.confidence)
            .severity(self.severity);
        hit.fix = self.fix;
        hit
    }

    /// Which of two about the same bytes says more: the smaller.
    pub(super) fn rank(&self) -> u8 {
        match self.check.id {
            "SEC104" => 0,
            "SEC103" | "SEC108" => 1,
            "SEC101" => 2,
            "SEC102" => 3,
            "SEC117" => 5,
            "SEC122" => 6,
            "SEC119" => 7,
            "SEC123" => 8,
            "SEC118" => 9,
            "SEC120" => 10,
            "SEC121" => 11,
            _ => 4,
        }
    }
}
