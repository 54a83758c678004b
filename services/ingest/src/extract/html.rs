//! placeholder
use super::assembly::Assembly;
pub(super) fn fragment(_html: &str, _assembly: &mut Assembly) {}
