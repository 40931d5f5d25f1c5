use jmespath::ast::Ast;
use jmespath::{DEFAULT_RUNTIME, Expression, Rcvar, Variable};

use super::claims::Claims;

/// Where ChartMuseum's tokens have their actions.
const DEFAULT: &str = "access[?name=='$NAMESPACE' && type=='$ACCESS_ENTRY_TYPE'].actions[]";

/// A query for the actions that claims allow.
///
/// The query is parsed once, with its two words in it as texts, and the texts are replaced in what was parsed. So a
/// repository's name is compared and never read as a query, whatever it contains.
#[derive(Debug)]
pub(super) struct Search {
    text: String,
    query: Ast,
}

impl Search {
    pub(super) fn new(path: Option<&str>) -> Result<Self, String> {
        let text = path.unwrap_or(DEFAULT).to_owned();
        let query = jmespath::parse(&text).map_err(|error| error.reason.to_string())?;
        Ok(Self { text, query })
    }

    /// Whether the action is among those that the claims have for this type and name. What has another shape than that
    /// of a list has no actions.
    pub(super) fn finds(&self, claims: &Claims, kind: &str, name: &str, action: &str) -> bool {
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
            let words = [("$NAMESPACE", self.name), ("$ACCESS_ENTRY_TYPE", self.kind)];
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
