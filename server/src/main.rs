//! The binary `chandlery`: see the library.
fn main() {}
