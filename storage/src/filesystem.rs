//! Objects as files below a root folder.
