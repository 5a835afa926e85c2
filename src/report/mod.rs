//! Findings as texts: one file per format, each a pure function from [`Report`] to text.
//!
//! [`Report`]: crate::audit::finding::Report
