//! What a request's query says, read strictly: a script that mistypes a filter must not get everything.

use catalogue::RepositoryPath;
use chart::{Constraint, ConstraintError, Digest};
use jiff::Timestamp;

use crate::config::{Depth, Repository};
use crate::error::Error;
use crate::router::query;

/// How many lines a page has if the request does not say.
pub const DEFAULT_LIMIT: usize = 100;
/// The most lines of a page: about a megabyte of charts.
pub const MAX_LIMIT: usize = 1000;
/// Longest value of a parameter, in bytes: no name and no range that Helm takes is longer.
const MAX_LENGTH: usize = 1024;

/// The parameters of a query, each of which is there at most once.
#[derive(Debug)]
pub struct Parameters {
    values: Vec<(String, String)>,
}

impl Parameters {
    /// Reads a query that may have these parameters.
    ///
    /// # Errors
    /// If it has others, one twice, or a very long value.
    pub fn read(query: Option<&str>, allowed: &[&str]) -> Result<Self, Error> {
        let mut values: Vec<(String, String)> = Vec::new();
        for (name, value) in query::pairs(query) {
            if !allowed.contains(&&*name) {
                let name: String = name.chars().take(100).collect();
                return Err(bad(format!("there is no parameter {name:?} here, but {}", allowed.join(", "))));
            }
            if values.iter().any(|(other, _)| *other == name) {
                return Err(bad(format!("{name} is there twice")));
            }
            if value.len() > MAX_LENGTH {
                return Err(bad(format!("{name} is longer than {MAX_LENGTH} bytes")));
            }
            values.push((name, value));
        }
        Ok(Self { values })
    }

    /// A value, if the parameter is there.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.iter().find(|(other, _)| other == name).map(|(_, value)| &**value)
    }

    /// A value that is not empty, if the parameter is there.
    pub fn text(&self, name: &str) -> Result<Option<&str>, Error> {
        match self.get(name) {
            Some("") => Err(bad(format!("{name} is empty"))),
            value => Ok(value),
        }
    }

    /// A value that must be there.
    pub fn required(&self, name: &str) -> Result<&str, Error> {
        self.text(name)?.ok_or_else(|| bad(format!("{name} is missing")))
    }

    /// `true` or `false`.
    pub fn boolean(&self, name: &str) -> Result<Option<bool>, Error> {
        match self.get(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(bad(format!("{name} is true or false"))),
        }
    }

    /// `limit`.
    pub fn limit(&self) -> Result<usize, Error> {
        let Some(text) = self.get("limit") else { return Ok(DEFAULT_LIMIT) };
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let limit = text.parse().ok().filter(|limit| digits && (1..=MAX_LIMIT).contains(limit));
        limit.ok_or_else(|| bad(format!("limit is a number from 1 to {MAX_LIMIT}")))
    }

    /// `since`.
    pub fn since(&self) -> Result<Option<Timestamp>, Error> {
        let Some(text) = self.get("since") else { return Ok(None) };
        // an offset's plus that nobody escaped
        let since = text.replace(' ', "+").parse().ok();
        let form = "since is a time such as 2026-01-31T00:00:00Z (RFC 3339)";
        since.map(Some).ok_or_else(|| bad(form.to_owned()))
    }

    /// `range`, as Helm reads it.
    pub fn range(&self) -> Result<Option<Constraint>, Error> {
        let range = self.text("range")?.map(Constraint::parse).transpose();
        range.map_err(|ConstraintError(text)| {
            bad(format!("range is one of Helm's, such as ^1.2 or >=1.0.0 <2, and not {text:?}"))
        })
    }

    /// `digest`, with or without the name of its algorithm.
    pub fn digest(&self) -> Result<Option<Digest>, Error> {
        let Some(text) = self.get("digest") else { return Ok(None) };
        let digest = text.strip_prefix("sha256:").unwrap_or(text).parse().ok();
        digest
            .map(Some)
            .ok_or_else(|| bad("digest is a SHA-256: 64 hexadecimal digits, with or without sha256:".to_owned()))
    }

    /// `repository`: the one at the root if it is not there.
    pub fn repository_or_root(&self, settings: &Repository) -> Result<RepositoryPath, Error> {
        let path = self.repository(settings)?.unwrap_or_default();
        if settings.has(&path) { Ok(path) } else { Err(bad(expected_repository(settings.depth))) }
    }

    /// `repository`: `None` if it is not there.
    pub fn repository(&self, settings: &Repository) -> Result<Option<RepositoryPath>, Error> {
        let Some(text) = self.get("repository") else { return Ok(None) };
        let path = RepositoryPath::parse(text).ok().filter(|path| settings.has(path));
        path.map(Some).ok_or_else(|| bad(expected_repository(settings.depth)))
    }
}

fn expected_repository(depth: Depth) -> String {
    let rules = "joined by slashes, none of which begins with a dot";
    match depth {
        Depth::Fixed(0) => "repository is empty: this server has one repository, at its root".to_owned(),
        Depth::Fixed(1) => "repository is one segment of a path, which does not begin with a dot".to_owned(),
        Depth::Fixed(depth) => format!("repository is {depth} segments of a path, {rules}"),
        Depth::Dynamic => format!("repository is segments of a path, {rules}; it is empty for the one at the root"),
    }
}

/// A parameter that cannot be understood, and what it should be.
pub fn bad(sentence: String) -> Error {
    Error::Parameter(sentence)
}
