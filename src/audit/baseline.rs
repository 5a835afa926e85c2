//! stub
use super::finding::Finding;
use crate::error::Result;
#[derive(Debug)]
pub struct Baseline {}
impl Baseline {
    pub fn of(_: &[Finding]) -> Self {
        Baseline {}
    }
    pub fn to_text(&self) -> String {
        String::new()
    }
    pub fn read(_: &[u8]) -> Result<Self> {
        Ok(Baseline {})
    }
    pub fn apply(&self, _: &mut [Finding]) {}
}
