//! Where a list goes on: the place of the last line, so that changes before and behind it move nothing.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::parameters::{self, Parameters};
use crate::error::Error;

/// Reads `cursor`: the texts that say where the last line of a page of `list` stood.
///
/// # Errors
/// If it was not written for this list.
pub fn read<const N: usize>(parameters: &Parameters, list: &str) -> Result<Option<[String; N]>, Error> {
    let Some(text) = parameters.get("cursor") else { return Ok(None) };
    decode(text, list).map(Some).ok_or_else(bad)
}

/// The cursor is none.
pub fn bad() -> Error {
    parameters::bad("cursor is taken from the next of a page of the same list, as it is".to_owned())
}

fn decode<const N: usize>(text: &str, list: &str) -> Option<[String; N]> {
    let json = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (of, place): (String, Vec<String>) = serde_json::from_slice(&json).ok()?;
    if of == list { place.try_into().ok() } else { None }
}

/// The text of a cursor: letters, digits, `-` and `_`.
pub fn write(list: &str, place: &[&str]) -> String {
    URL_SAFE_NO_PAD.encode(chart::index::to_json(&(list, place)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_back<const N: usize>(cursor: &str, list: &str) -> Option<Option<[String; N]>> {
        let query = format!("cursor={cursor}");
        read(&Parameters::read(Some(&query), &["cursor"]).unwrap(), list).ok()
    }

    #[test]
    fn a_cursor_holds_any_text_and_belongs_to_its_list() {
        let place = ["org/team", "é\n\"&=+ \u{85}"];
        let cursor = write("charts", &place);
        assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{cursor}");
        assert_eq!(read_back(&cursor, "charts"), Some(Some(place.map(str::to_owned))));
        assert_eq!(read_back::<2>(&cursor, "versions"), None);
        assert_eq!(read_back::<3>(&cursor, "charts"), None);
        for broken in ["", "a", "!", &cursor[1..], &format!("{cursor}="), "W10", "eyJhIjoxfQ"] {
            assert_eq!(read_back::<2>(broken, "charts"), None, "{broken}");
        }
    }
}
