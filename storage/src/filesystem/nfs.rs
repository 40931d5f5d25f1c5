//! An NFS client as nfs(5) allows it to be, imitated on a local folder: for tests, and never in the server.
//!
//! Each store that is opened over a client of its own is another machine. What was made on one machine is on the server
//! at once; what another machine believes of it may be old. A client here
//!
//! - sends a call again whose answer was lost, and hears that the name exists, or is gone, already;
//! - loses the handle of what it has open (`ESTALE`);
//! - answers from the attributes that it saw last, when it is not made to ask;
//! - keeps a file that is removed while it is open under a name like `.nfs000000000042`, until it is closed;
//! - and, unless it is mounted with `lookupcache=positive`, remembers that a name is absent.

use std::collections::{HashMap, HashSet};
use std::os::fd::OwnedFd;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::fs::{self, AtFlags};
use rustix::io::Errno;

use crate::ObjectMeta;

/// Of so many calls that may go wrong one does.
const ONE_IN: u64 = 8;
/// Looks at a name whose handle was lost that get a new one and keep it: to open it and to read it. A server does not forget
/// again and again what nobody touches.
const KEPT_LOOKS: u8 = 2;

/// One machine that has mounted the folder.
#[derive(Debug)]
pub struct Client {
    remembers_absence: bool,
    memory: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    random: u64,
    /// Names that were not there.
    absent: HashSet<String>,
    /// Names whose handle was just lost: so many more looks get a new one.
    lost: HashMap<String, u8>,
    attributes: HashMap<String, ObjectMeta>,
    /// Files that were removed while they were open.
    removed: Vec<(OwnedFd, String)>,
    oddities: Oddities,
}

/// How often what happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Oddities {
    /// Handles that were lost.
    pub stale: u64,
    /// Calls that were sent again.
    pub repeated: u64,
    /// Attributes that were old.
    pub old: u64,
    /// Files that kept a name when they were removed.
    pub kept: u64,
    /// Names that were said to be absent without asking.
    pub remembered: u64,
}

impl Client {
    /// A machine with `lookupcache=positive`. The seed chooses what goes wrong.
    pub fn new(seed: u64) -> Self {
        let memory = Memory { random: seed, ..Memory::default() };
        Self { remembers_absence: false, memory: Mutex::new(memory) }
    }

    /// The same with the default mount options: it goes on believing that a name is absent until [`Client::forget`].
    pub fn remembering_absence(seed: u64) -> Self {
        Self { remembers_absence: true, ..Self::new(seed) }
    }

    /// What was remembered is too old now, and what was open is closed.
    pub fn forget(&self) {
        let mut memory = self.lock();
        memory.absent.clear();
        memory.attributes.clear();
        for (folder, name) in memory.removed.drain(..) {
            let _ = fs::unlinkat(&folder, name.as_str(), AtFlags::empty()); // its folder may be gone with it
        }
    }

    /// How often what happened.
    pub fn oddities(&self) -> Oddities {
        self.lock().oddities
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn look_up(&self, path: &str) -> Result<(), Errno> {
        let mut memory = self.lock();
        if memory.absent.contains(path) {
            memory.oddities.remembered += 1;
            return Err(Errno::NOENT);
        }
        if let Some(kept) = memory.lost.get_mut(path) {
            *kept -= 1;
            if *kept == 0 {
                memory.lost.remove(path);
            }
            return Ok(());
        }
        if memory.goes_wrong() {
            memory.lost.insert(path.to_owned(), KEPT_LOOKS);
            memory.oddities.stale += 1;
            return Err(Errno::STALE);
        }
        Ok(())
    }

    pub(super) fn looked_up(&self, path: &str, error: Option<Errno>) {
        if self.remembers_absence && error == Some(Errno::NOENT) {
            self.lock().absent.insert(path.to_owned());
        }
    }

    /// To make a name the server is asked, whatever is believed of it.
    pub(super) fn named(&self, path: &str) {
        let mut memory = self.lock();
        memory.absent.remove(path);
        memory.attributes.remove(path);
    }

    pub(super) fn answer(&self, answer: Result<(), Errno>, again: Errno) -> Result<(), Errno> {
        let mut memory = self.lock();
        if answer.is_ok() && memory.goes_wrong() {
            memory.oddities.repeated += 1;
            return Err(again);
        }
        answer
    }

    pub(super) fn before_unlink(&self, folder: &OwnedFd, name: &str) {
        let mut memory = self.lock();
        if !memory.goes_wrong() {
            return;
        }
        let kept = format!(".nfs{:016x}", memory.next());
        let link = fs::linkat(folder, name, folder, kept.as_str(), AtFlags::empty());
        if let (Ok(()), Ok(folder)) = (link, folder.try_clone()) {
            memory.removed.push((folder, kept));
            memory.oddities.kept += 1;
        }
    }

    pub(super) fn attributes(&self, path: &str, now: ObjectMeta) -> ObjectMeta {
        let mut memory = self.lock();
        let seen = memory.attributes.entry(path.to_owned()).or_insert_with(|| now.clone()).clone();
        memory.oddities.old += u64::from(seen != now);
        seen
    }
}

impl Memory {
    fn goes_wrong(&mut self) -> bool {
        self.next().is_multiple_of(ONE_IN)
    }

    /// SplitMix64 (Steele, Lea and Flood, 2014).
    fn next(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
