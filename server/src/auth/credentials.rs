use std::borrow::Cow;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::HeaderMap;
use http::header::AUTHORIZATION;

/// Some clients leave the padding out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a request's head says of its sender, not yet believed.
#[derive(PartialEq, Eq)]
pub(super) enum Credentials<'h> {
    /// Nothing.
    Absent,
    /// `user:password`, as they were before they were encoded.
    Pair(Vec<u8>),
    /// `Bearer <token>`, or a bare token.
    Token(Cow<'h, str>),
    /// It cannot be read, and why.
    Odd(&'static str),
}

impl<'h> Credentials<'h> {
    /// Reads `Authorization`.
    pub(super) fn of(headers: &'h HeaderMap) -> Self {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return match headers.contains_key(AUTHORIZATION) {
                // a proxy may have looked at another one
                true => Self::Odd("there are several Authorization headers"),
                false => Self::Absent,
            };
        };
        let Ok(text) = value.to_str() else { return Self::Odd("the Authorization header is not ASCII") };
        let text = text.trim();
        match text.split_once(' ') {
            None if text.is_empty() => Self::Absent,
            None => Self::Token(text.into()),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer") => Self::Token(rest.trim_start().into()),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("basic") => match BASE64.decode(rest.trim_start()) {
                Ok(pair) => Self::Pair(pair),
                Err(_) => Self::Odd("the user and password are no base64"),
            },
            Some(_) => Self::Odd("the Authorization header has a scheme that is neither Basic nor Bearer"),
        }
    }

    /// Takes the password of a pair for a token: all that Helm can send.
    pub(super) fn with_token_as_password(self) -> Self {
        let Self::Pair(pair) = self else { return self };
        let password = pair.iter().position(|byte| *byte == b':').map(|colon| pair[colon + 1..].to_vec());
        match password.map(String::from_utf8) {
            Some(Ok(token)) => Self::Token(token.into()),
            _ => Self::Odd("the password is no token"),
        }
    }
}
