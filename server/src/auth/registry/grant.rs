use std::marker::PhantomData;

use chart::oci::RegistryName;

use crate::auth::{Action, Delete, Pull, Push};

/// An action that can be asked for in the registry.
pub trait RegistryAction: Action {
    /// As scopes name it.
    const SCOPE: &'static str;
    /// What a client should ask a token for that lacks it: who pushes looks first whether it is there.
    const ASKED: &'static [&'static str];
    /// Scopes that allow it. Clients ask for `push` when they delete.
    const ALLOWED_BY: &'static [&'static str];
}

impl RegistryAction for Pull {
    const SCOPE: &'static str = "pull";
    const ASKED: &'static [&'static str] = &["pull"];
    const ALLOWED_BY: &'static [&'static str] = &["pull"];
}

impl RegistryAction for Push {
    const SCOPE: &'static str = "push";
    const ASKED: &'static [&'static str] = &["pull", "push"];
    const ALLOWED_BY: &'static [&'static str] = &["push"];
}

impl RegistryAction for Delete {
    const SCOPE: &'static str = "delete";
    const ASKED: &'static [&'static str] = &["delete", "pull", "push"];
    const ALLOWED_BY: &'static [&'static str] = &["delete", "push"];
}

/// The right to do `Action` in one name of the registry.
#[derive(Debug)]
pub struct RegistryGrant<Action> {
    name: RegistryName,
    action: PhantomData<Action>,
}

impl<Action> RegistryGrant<Action> {
    pub(in crate::auth) fn new(name: RegistryName) -> Self {
        Self { name, action: PhantomData }
    }

    /// The name.
    pub fn name(&self) -> &RegistryName {
        &self.name
    }
}

/// The right to see all names of the registry.
#[derive(Debug)]
pub struct Catalog(());

impl Catalog {
    pub(in crate::auth) fn new() -> Self {
        Self(())
    }
}
