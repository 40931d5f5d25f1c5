//! What lies between a store and its files: nothing, but in tests an imitated NFS client.

#[cfg(any(test, feature = "nfs"))]
use std::sync::Arc;

use std::os::fd::OwnedFd;

use rustix::fs::{self, AtFlags};
use rustix::io::Errno;

#[cfg(any(test, feature = "nfs"))]
use super::nfs::Client;
use crate::ObjectMeta;

/// Asked before and after every call whose answer an NFS client makes up. Without one it costs nothing.
#[derive(Debug, Clone, Default)]
pub(super) struct Wire {
    #[cfg(any(test, feature = "nfs"))]
    pub(super) client: Option<Arc<Client>>,
}

#[cfg_attr(not(any(test, feature = "nfs")), expect(clippy::unused_self, reason = "there is nothing to ask"))]
#[cfg_attr(not(any(test, feature = "nfs")), expect(unused_variables, reason = "there is nobody to tell"))]
impl Wire {
    /// Before something is opened by its path.
    pub(super) fn look_up(&self, path: &str) -> Result<(), Errno> {
        #[cfg(any(test, feature = "nfs"))]
        if let Some(client) = &self.client {
            return client.look_up(path);
        }
        Ok(())
    }

    /// After it.
    pub(super) fn looked_up<T>(&self, path: &str, found: &Result<T, Errno>) {
        #[cfg(any(test, feature = "nfs"))]
        if let Some(client) = &self.client {
            client.looked_up(path, found.as_ref().err().copied());
        }
    }

    /// After a name was made, or found to be taken.
    pub(super) fn named(&self, path: &str) {
        #[cfg(any(test, feature = "nfs"))]
        if let Some(client) = &self.client {
            client.named(path);
        }
    }

    /// The answer to a call that is sent again when its answer is lost, and is told then that it was done before.
    pub(super) fn answer(&self, answer: Result<(), Errno>, again: Errno) -> Result<(), Errno> {
        #[cfg(any(test, feature = "nfs"))]
        if let Some(client) = &self.client {
            return client.answer(answer, again);
        }
        answer
    }

    /// Removes a file's name.
    pub(super) fn unlink(&self, folder: &OwnedFd, name: &str) -> Result<(), Errno> {
        #[cfg(any(test, feature = "nfs"))]
        if let Some(client) = &self.client {
            client.before_unlink(folder, name);
        }
        self.answer(fs::unlinkat(folder, name, AtFlags::empty()), Errno::NOENT)
    }

    /// What a file's attributes are if the server was not asked for them.
    pub(super) fn attributes(&self, path: &str, meta: ObjectMeta) -> ObjectMeta {
        #[cfg(any(test, feature = "nfs"))]
        if let Some(client) = &self.client {
            return client.attributes(path, meta);
        }
        meta
    }
}
