use std::fmt;

/// The calls of a store, by name: for wrappers that watch them or break them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// [`ObjectStore::put_new`](crate::ObjectStore::put_new) and [`ObjectStore::create`](crate::ObjectStore::create)
    PutNew,
    /// [`ObjectStore::put`](crate::ObjectStore::put)
    Put,
    /// [`ObjectStore::get`](crate::ObjectStore::get)
    Get,
    /// [`ObjectStore::head`](crate::ObjectStore::head)
    Head,
    /// [`ObjectStore::delete`](crate::ObjectStore::delete)
    Delete,
    /// [`ObjectStore::copy_new`](crate::ObjectStore::copy_new)
    CopyNew,
    /// [`ObjectStore::settle`](crate::ObjectStore::settle)
    Settle,
    /// [`ObjectStore::list`](crate::ObjectStore::list), from its first line to its last
    List,
    /// [`ObjectStore::list_folder`](crate::ObjectStore::list_folder), from its first line to its last
    ListFolder,
    /// [`ObjectStore::stage`](crate::ObjectStore::stage)
    Stage,
    /// [`StagedWrite::append`](crate::StagedWrite::append)
    Append,
    /// [`StagedWrite::append_object`](crate::StagedWrite::append_object)
    AppendObject,
    /// [`StagedWrite::publish_new`](crate::StagedWrite::publish_new)
    PublishNew,
    /// [`StagedWrite::abandon`](crate::StagedWrite::abandon)
    Abandon,
    /// [`ObjectStore::sweep`](crate::ObjectStore::sweep)
    Sweep,
}

impl Operation {
    /// Every one.
    pub const ALL: [Self; 15] = [
        Self::PutNew,
        Self::Put,
        Self::Get,
        Self::Head,
        Self::Delete,
        Self::CopyNew,
        Self::Settle,
        Self::List,
        Self::ListFolder,
        Self::Stage,
        Self::Append,
        Self::AppendObject,
        Self::PublishNew,
        Self::Abandon,
        Self::Sweep,
    ];

    /// The method's name, as in logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::PutNew => "put_new",
            Self::Put => "put",
            Self::Get => "get",
            Self::Head => "head",
            Self::Delete => "delete",
            Self::CopyNew => "copy_new",
            Self::Settle => "settle",
            Self::List => "list",
            Self::ListFolder => "list_folder",
            Self::Stage => "stage",
            Self::Append => "append",
            Self::AppendObject => "append_object",
            Self::PublishNew => "publish_new",
            Self::Abandon => "abandon",
            Self::Sweep => "sweep",
        }
    }

    /// Whether it makes an object durable before it answers.
    pub fn makes_durable(self) -> bool {
        matches!(self, Self::PutNew | Self::Put | Self::CopyNew | Self::Settle | Self::PublishNew)
    }

    /// Whether it answers with a listing.
    pub fn lists(self) -> bool {
        matches!(self, Self::List | Self::ListFolder)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
