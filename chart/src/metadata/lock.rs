//! `Chart.lock` and `requirements.lock`: of no use to a repository, but Helm refuses a chart whose lock it cannot read.

use serde_json::Value;

use super::decode::{DEPENDENCY, DecodeError, Decoder, Place, fields};
use crate::yaml::{self, Shape, is_rfc3339};

const LOCK: Shape =
    Shape::Struct(&[("generated", Shape::Any), ("digest", Shape::Text), ("dependencies", Shape::List(&DEPENDENCY))]);

/// Refuses what Helm could not read as a lock.
pub(crate) fn check_lock(bytes: &[u8], limits: &yaml::Limits) -> Result<(), DecodeError> {
    let value = yaml::read_as(bytes, limits, &LOCK)?;
    let mut decoder = Decoder::default();
    decoder.root(&value, "chart.Lock", |decoder, object| {
        for (field, value) in fields(object, &LOCK) {
            let place = Place { owner: "Lock", path: field };
            match field {
                "generated" => check_time(decoder, value),
                "digest" => decoder.text(place, value, &mut String::new()),
                _ => decoder.dependencies(place, value, &mut Vec::new()),
            }
        }
    });
    decoder.finish()
}

fn check_time(decoder: &mut Decoder, value: &Value) {
    match value {
        Value::Null => {}
        Value::String(text) if is_rfc3339(text) => {}
        Value::String(_) => decoder.fail(format!("parsing time {value} as RFC 3339 failed")),
        _ => decoder.fail("Time.UnmarshalJSON: input is not a JSON string".to_owned()),
    }
}
