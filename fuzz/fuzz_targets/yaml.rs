//! YAML documents: never a panic, the same verdict with and without a value, and a value that can be written and read.

#![no_main]

use chart::yaml::{self, Limits};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { bytes: 65_536, ..Limits::default() };
    let value = yaml::read(bytes, &limits);
    let kind = yaml::check(bytes, &limits);
    // reading counts the texts behind aliases, and checking does not
    match &value {
        Err(yaml::YamlError::TooLarge { .. }) => {}
        _ => assert_eq!(value.is_ok(), kind.is_ok()),
    }
    // what was read can be written and read again
    if let Ok(value) = value {
        let text = chart::index::to_json(&value);
        let again = yaml::read(text.as_bytes(), &Limits::default());
        assert!(again.is_ok() || text.len() > 65_536, "{text}");
    }
});
