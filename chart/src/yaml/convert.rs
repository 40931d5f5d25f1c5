//! From a document's nodes to a JSON value.

use serde_json::{Map, Number, Value};

use super::YamlError;
use super::compose::Node;
use super::number;
use super::resolve::Scalar;

/// What somebody will make of a value: Go turns numbers and booleans into texts where a text is wanted, before it
/// looks whether they fit.
#[derive(Debug)]
pub(crate) enum Shape {
    Any,
    Text,
    List(&'static Shape),
    Map(&'static Shape),
    Struct(&'static [(&'static str, Shape)]),
}

impl Shape {
    fn item(&self) -> &Shape {
        match self {
            Self::List(item) => item,
            _ => &Self::Any,
        }
    }

    fn field(&self, key: &str) -> &Shape {
        match self {
            Self::Map(value) => value,
            Self::Struct(fields) => {
                fields.iter().find(|(name, _)| folds_to(key, name)).map_or(&Self::Any, |(_, shape)| shape)
            }
            _ => &Self::Any,
        }
    }
}

/// True if Go's JSON reader takes the key for the field: letters are compared by Unicode's simple folding, by which
/// two characters outside ASCII are Latin letters.
pub(crate) fn folds_to(key: &str, field: &str) -> bool {
    let mut rest = field.chars();
    key.chars().all(|letter| {
        let letter = match letter {
            '\u{17F}' => 's',
            '\u{212A}' => 'k',
            other => other,
        };
        rest.next().is_some_and(|wanted| wanted.eq_ignore_ascii_case(&letter))
    }) && rest.next().is_none()
}

/// The nodes of one document.
#[derive(Debug)]
pub(super) struct Tree<'i> {
    nodes: Vec<Node<'i>>,
}

impl<'i> Tree<'i> {
    pub fn new(nodes: Vec<Node<'i>>) -> Self {
        Self { nodes }
    }

    /// The document as a value; null if it is empty.
    pub fn root(&self, shape: &Shape) -> Result<Value, YamlError> {
        if self.nodes.is_empty() { Ok(Value::Null) } else { self.value(0, shape) }
    }

    fn value(&self, number: usize, shape: &Shape) -> Result<Value, YamlError> {
        match &self.nodes[number] {
            Node::Scalar(scalar) => value_of(scalar, shape),
            // only a key can be one
            Node::Merge => Ok(Value::Null),
            Node::Alias { target } => self.value(*target, shape),
            Node::Sequence { end } => self
                .items(number, *end)
                .map(|item| self.value(item, shape.item()))
                .collect::<Result<_, _>>()
                .map(Value::Array),
            Node::Mapping { end } => {
                let mut map = Map::new();
                self.fill(&mut map, number, *end, shape)?;
                Ok(Value::Object(map))
            }
        }
    }

    /// Adds the entries of a mapping. Later ones win, and a `<<` counts where it stands.
    fn fill(&self, map: &mut Map<String, Value>, number: usize, end: usize, shape: &Shape) -> Result<(), YamlError> {
        let mut nodes = self.items(number, end);
        while let (Some(key), Some(value)) = (nodes.next(), nodes.next()) {
            if matches!(self.nodes[key], Node::Merge) {
                self.merge(map, value, shape)?;
            } else {
                let key = self.key(key);
                let value = self.value(value, shape.field(&key))?;
                map.insert(key, value);
            }
        }
        Ok(())
    }

    /// Adds the entries of other mappings; of several the first wins.
    fn merge(&self, map: &mut Map<String, Value>, number: usize, shape: &Shape) -> Result<(), YamlError> {
        match &self.nodes[number] {
            Node::Alias { target } => self.merge(map, *target, shape),
            Node::Mapping { end } => self.fill(map, number, *end, shape),
            Node::Sequence { end } => {
                let items: Vec<usize> = self.items(number, *end).collect();
                items.into_iter().rev().try_for_each(|item| self.merge(map, item, shape))
            }
            Node::Scalar(_) | Node::Merge => Err(YamlError::Merge),
        }
    }

    fn key(&self, number: usize) -> String {
        match &self.nodes[number] {
            Node::Alias { target } => self.key(*target),
            Node::Scalar(Scalar::Boolean(value)) => value.to_string(),
            Node::Scalar(Scalar::Integer(value)) => value.to_string(),
            Node::Scalar(Scalar::Unsigned(value)) => value.to_string(),
            Node::Scalar(Scalar::Float(value)) => number::format_key(*value),
            Node::Scalar(Scalar::Text(text)) => text.clone().into_owned(),
            // the composer has refused these
            Node::Scalar(Scalar::Null) | Node::Merge | Node::Sequence { .. } | Node::Mapping { .. } => String::new(),
        }
    }

    /// The numbers of what a collection holds.
    fn items(&self, number: usize, end: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(number + 1), |at| match self.nodes.get(*at)? {
            Node::Sequence { end } | Node::Mapping { end } => Some(*end),
            _ => Some(at + 1),
        })
        .take_while(move |at| *at < end)
    }
}

fn value_of(scalar: &Scalar<'_>, shape: &Shape) -> Result<Value, YamlError> {
    if let Shape::Text = shape {
        match scalar {
            Scalar::Boolean(value) => return Ok(value.to_string().into()),
            Scalar::Integer(value) => return Ok(value.to_string().into()),
            Scalar::Unsigned(value) => return Ok(value.to_string().into()),
            Scalar::Float(value) => return Ok(number::format(*value).into()),
            Scalar::Null | Scalar::Text(_) => {}
        }
    }
    Ok(match scalar {
        Scalar::Null => Value::Null,
        Scalar::Boolean(value) => Value::Bool(*value),
        Scalar::Integer(value) => (*value).into(),
        Scalar::Unsigned(value) => (*value).into(),
        Scalar::Float(value) => Number::from_f64(*value).ok_or_else(|| YamlError::number(*value))?.into(),
        Scalar::Text(text) => Value::String(text.clone().into_owned()),
    })
}
