use jmespath::ast::Ast;
use jmespath::{DEFAULT_RUNTIME, Expression, Rcvar, Variable};
use serde_json::Value;

use super::claims::Claims;

/// Where ChartMuseum's tokens have their actions, as a query.
pub(super) const ENTRIES: &str = "access[?name=='$NAMESPACE' && type=='$ACCESS_ENTRY_TYPE'].actions[]";

/// The word that the name stands for in a query.
const NAME: &str = "$NAMESPACE";
/// The word that the type stands for.
const KIND: &str = "$ACCESS_ENTRY_TYPE";

/// How the actions that claims allow are found.
#[derive(Debug)]
pub(super) enum Search {
    /// Where ChartMuseum's tokens have them, by a walk through the entries: a list of repositories asks for each of them.
    Entries,
    /// By a query of the settings.
    Query(Query),
}

/// A query for the actions that claims allow.
///
/// The query is parsed once, with its two words in it as texts, and the texts are replaced in what was parsed. So a
/// repository's name is compared and never read as a query, whatever it contains.
#[derive(Debug)]
pub(super) struct Query {
    text: String,
    query: Ast,
}

impl Search {
    pub(super) fn new(path: Option<&str>) -> Result<Self, String> {
        match path {
            None | Some(ENTRIES) => Ok(Self::Entries),
            Some(path) => Query::new(path).map(Self::Query),
        }
    }

    /// Whether the action is among those that the claims have for this type and name. What has another shape than that
    /// of a list has no actions.
    pub(super) fn finds(&self, claims: &Claims, kind: &str, name: &str, action: &str) -> bool {
        match self {
            Self::Entries => claims.entries().any(|entry| {
                let is = |field: &str, wanted: &str| entry.get(field).and_then(Value::as_str) == Some(wanted);
                is("name", name)
                    && is("type", kind)
                    && match entry.get("actions") {
                        Some(Value::Array(held)) => held.iter().any(|held| held == action),
                        // a list that is flattened may have what is no list
                        one => one.is_some_and(|held| held == action),
                    }
            }),
            Self::Query(query) => query.finds(claims, kind, name, action),
        }
    }

    /// Whether entries of different types are told apart.
    pub(super) fn compares_types(&self) -> bool {
        match self {
            Self::Entries => true,
            Self::Query(query) => query.text.contains(KIND),
        }
    }
}

impl Query {
    pub(super) fn new(text: &str) -> Result<Self, String> {
        let query = jmespath::parse(text).map_err(|error| error.reason.to_string())?;
        Ok(Self { text: text.to_owned(), query })
    }

    fn finds(&self, claims: &Claims, kind: &str, name: &str, action: &str) -> bool {
        let Some(document) = claims.document() else { return false };
        let mut query = self.query.clone();
        Words { kind, name }.replace(&mut query);
        let found = Expression::new(self.text.as_str(), query, &DEFAULT_RUNTIME).search(document);
        let actions = found.as_ref().ok().and_then(|found| found.as_array());
        actions
            .is_some_and(|actions| actions.iter().any(|found| found.as_string().is_some_and(|found| found == action)))
    }
}

struct Words<'w> {
    kind: &'w str,
    name: &'w str,
}

impl Words<'_> {
    fn replace(&self, query: &mut Ast) {
        match query {
            Ast::Identity { .. } | Ast::Index { .. } | Ast::Slice { .. } => {}
            Ast::Field { name, .. } => self.replace_text(name),
            Ast::Literal { value, .. } => self.replace_value(value),
            Ast::Expref { ast: node, .. }
            | Ast::Flatten { node, .. }
            | Ast::Not { node, .. }
            | Ast::ObjectValues { node, .. } => self.replace(node),
            Ast::Comparison { lhs, rhs, .. }
            | Ast::Projection { lhs, rhs, .. }
            | Ast::And { lhs, rhs, .. }
            | Ast::Or { lhs, rhs, .. }
            | Ast::Subexpr { lhs, rhs, .. }
            | Ast::Condition { predicate: lhs, then: rhs, .. } => {
                self.replace(lhs);
                self.replace(rhs);
            }
            Ast::Function { args: nodes, .. } | Ast::MultiList { elements: nodes, .. } => {
                nodes.iter_mut().for_each(|node| self.replace(node));
            }
            Ast::MultiHash { elements, .. } => {
                for pair in elements {
                    self.replace_text(&mut pair.key);
                    self.replace(&mut pair.value);
                }
            }
        }
    }

    fn replace_value(&self, value: &mut Rcvar) {
        match Rcvar::make_mut(value) {
            Variable::String(text) => self.replace_text(text),
            Variable::Array(values) => values.iter_mut().for_each(|value| self.replace_value(value)),
            Variable::Object(values) => values.values_mut().for_each(|value| self.replace_value(value)),
            Variable::Expref(query) => self.replace(query),
            Variable::Null | Variable::Bool(_) | Variable::Number(_) => {}
        }
    }

    /// In one pass: a name that contains one of the words stays as it is.
    fn replace_text(&self, text: &mut String) {
        let mut rest = std::mem::take(text);
        while let Some(at) = rest.find('$') {
            let after = rest.split_off(at);
            text.push_str(&rest);
            let words = [(NAME, self.name), (KIND, self.kind)];
            match words.iter().find_map(|(word, value)| Some((after.strip_prefix(word)?, value))) {
                Some((behind, value)) => {
                    text.push_str(value);
                    rest = behind.to_owned();
                }
                None => {
                    text.push('$');
                    rest = after[1..].to_owned();
                }
            }
        }
        text.push_str(&rest);
    }
}
