//! Charts and their versions, as ChartMuseum's API shows and takes them.

pub(crate) mod delete;
pub(crate) mod list;
mod resolve;
pub(crate) mod show;
pub(crate) mod show_templates;
pub(crate) mod show_values;
pub(crate) mod show_version;
pub(crate) mod upload;
