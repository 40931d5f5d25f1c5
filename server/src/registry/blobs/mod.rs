mod body;
pub(super) mod delete;
pub(super) mod show;
