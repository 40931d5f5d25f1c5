use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use jmespath::{Rcvar, Variable};
use serde_json::{Map, Value};

/// Longer names would fill the log.
const LONGEST_SUBJECT: usize = 128;

/// What is asked of claims, besides what they allow.
#[derive(Debug, Clone, Default)]
pub(super) struct Rules {
    pub(super) require_expiry: bool,
    pub(super) audience: Option<String>,
    pub(super) issuer: Option<String>,
}

/// What a token service says of a caller, in time and meant for this server.
pub(in crate::auth) struct Claims {
    values: Map<String, Value>,
    /// The same as a query reads it, made when the first one comes.
    document: OnceLock<Option<Rcvar>>,
}

impl Claims {
    /// Reads a payload whose signature was checked.
    pub(super) fn read(payload: &[u8], rules: &Rules, now: SystemTime) -> Result<Self, &'static str> {
        let Ok(values) = serde_json::from_slice(payload) else { return Err("the token's claims are no JSON object") };
        let claims = Self { values, document: OnceLock::new() };
        claims.check_times(rules, now)?;
        if let Some(audience) = &rules.audience
            && !claims.is_for(audience)
        {
            return Err("the token is for another audience");
        }
        if let Some(issuer) = &rules.issuer
            && claims.values.get("iss").and_then(Value::as_str) != Some(issuer)
        {
            return Err("the token is of another issuer");
        }
        Ok(claims)
    }

    /// As ChartMuseum: each is looked at if it is there, and no clock may be ahead.
    fn check_times(&self, rules: &Rules, now: SystemTime) -> Result<(), &'static str> {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        match self.time("exp", "the token's exp is no number")? {
            None if rules.require_expiry => return Err("the token has no exp"),
            Some(end) if now >= end => return Err("the token has expired"),
            _ => {}
        }
        if self.time("nbf", "the token's nbf is no number")?.is_some_and(|begin| now < begin) {
            return Err("the token is not valid yet");
        }
        match self.time("iat", "the token's iat is no number")? {
            Some(issued) if now < issued => Err("the token was issued in the future"),
            _ => Ok(()),
        }
    }

    fn time(&self, claim: &str, odd: &'static str) -> Result<Option<f64>, &'static str> {
        self.values.get(claim).map(|value| value.as_f64().ok_or(odd)).transpose()
    }

    /// Whether `aud` names this audience.
    pub(super) fn is_for(&self, audience: &str) -> bool {
        match self.values.get("aud") {
            Some(Value::String(one)) => one == audience,
            Some(Value::Array(several)) => several.iter().any(|one| one == audience),
            _ => false,
        }
    }

    /// Who the caller is, for the log: `sub`, if it is a text.
    pub(in crate::auth) fn subject(&self) -> String {
        let subject = self.values.get("sub").and_then(Value::as_str).filter(|subject| !subject.is_empty());
        subject.unwrap_or("token").chars().take(LONGEST_SUBJECT).collect()
    }

    /// The entries of ChartMuseum's claim.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Map<String, Value>> {
        let entries = self.values.get("access").and_then(Value::as_array);
        entries.into_iter().flatten().filter_map(Value::as_object)
    }

    /// The claims as a query reads them.
    pub(super) fn document(&self) -> Option<Rcvar> {
        self.document.get_or_init(|| Variable::from_serializable(&self.values).ok().map(Rcvar::new)).clone()
    }
}

impl std::fmt::Debug for Claims {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Claims").field("subject", &self.subject()).finish_non_exhaustive()
    }
}
