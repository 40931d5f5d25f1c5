//! From events to a tree, counting what the document would cost once its aliases are followed.

use std::collections::HashMap;

use super::parser::{Event, Parser, ScalarEvent};
use super::resolve::{self, Scalar};
use super::{Kind, Limits, YamlError};

/// A node of a document. Collections are followed by what they hold.
#[derive(Debug)]
pub(super) enum Node<'i> {
    Scalar(Scalar<'i>),
    /// The key `<<`.
    Merge,
    /// Ends before the node with the number.
    Sequence {
        end: usize,
    },
    Mapping {
        end: usize,
    },
    /// Stands for the node with the number, and all it holds.
    Alias {
        target: usize,
    },
}

/// What is known of a node and all it holds, with aliases followed.
#[derive(Debug, Clone, Copy)]
struct Extent {
    kind: Kind,
    steps: u64,
    text: u64,
    height: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expects {
    Item,
    Key,
    Value,
    Merged,
    /// An item of a sequence that stands behind `<<`.
    MergedItem,
}

#[derive(Debug)]
struct Open<'i> {
    anchor: Option<&'i str>,
    number: usize,
    expects: Expects,
    extent: Extent,
}

#[derive(Debug)]
struct Anchor {
    number: usize,
    /// None until the node has ended.
    extent: Option<Extent>,
}

#[derive(Debug)]
pub(super) struct Composer<'i, 'l> {
    parser: Parser<'i>,
    limits: &'l Limits,
    /// None if nobody needs the nodes.
    nodes: Option<Vec<Node<'i>>>,
    open: Vec<Open<'i>>,
    anchors: HashMap<&'i str, Anchor>,
    anchored: usize,
    /// Nodes so far, without aliases.
    count: usize,
    /// What Go counts against documents that consist of aliases to aliases.
    decoded: u64,
    aliased: u64,
    /// Bytes of all scalars, those behind aliases included.
    text: u64,
    /// What is wrong although the grammar is right. Go parses to the end of the document first, so it waits.
    fault: Option<YamlError>,
}

impl<'i, 'l> Composer<'i, 'l> {
    pub fn new(text: &'i str, limits: &'l Limits, keep: bool) -> Self {
        Self {
            parser: Parser::new(text, limits.anchors),
            limits,
            nodes: keep.then(Vec::new),
            open: Vec::new(),
            anchors: HashMap::new(),
            anchored: 0,
            count: 0,
            decoded: 1,
            aliased: 0,
            text: 0,
            fault: None,
        }
    }

    fn depth(&self) -> usize {
        self.limits.depth.min(Limits::MAX_DEPTH)
    }

    /// Reads the first document: what its root is, and its nodes if they are kept.
    pub fn document(mut self) -> Result<(Kind, Vec<Node<'i>>), YamlError> {
        let mut root = Kind::Null;
        if matches!(self.event()?, Event::DocumentStart) {
            loop {
                let ended = match self.event()? {
                    Event::DocumentEnd | Event::StreamEnd => break,
                    event => self.add(event)?,
                };
                if let Some(extent) = ended {
                    root = extent.kind;
                }
            }
        }
        match self.fault {
            Some(fault) => Err(fault),
            None => Ok((root, self.nodes.unwrap_or_default())),
        }
    }

    /// Keeps the fault that Go would report: what its YAML reader finds comes before what JSON cannot hold.
    fn note(&mut self, fault: YamlError) {
        let of_json = |fault: &YamlError| matches!(fault, YamlError::Key(_) | YamlError::Number(_));
        if self.fault.as_ref().is_none_or(|noted| of_json(noted) && !of_json(&fault)) {
            self.fault = Some(fault);
        }
    }

    fn event(&mut self) -> Result<Event<'i>, YamlError> {
        self.parser.next().map_err(|problem| YamlError::Syntax { line: problem.line, problem: problem.text })
    }

    /// Takes an event in. Returns the extent of the root if the event ends it.
    fn add(&mut self, event: Event<'i>) -> Result<Option<Extent>, YamlError> {
        match event {
            Event::Scalar(scalar) => self.scalar(scalar),
            Event::Alias(name) => self.alias(name),
            Event::SequenceStart { anchor } => {
                let merged = self.open.last().is_some_and(|open| open.expects == Expects::Merged);
                let expects = if merged { Expects::MergedItem } else { Expects::Item };
                self.start(anchor, Kind::Sequence, expects).map(|()| None)
            }
            Event::MappingStart { anchor } => self.start(anchor, Kind::Mapping, Expects::Key).map(|()| None),
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::DocumentStart | Event::DocumentEnd | Event::StreamEnd => Ok(None),
        }
    }

    fn start(&mut self, anchor: Option<&'i str>, kind: Kind, expects: Expects) -> Result<(), YamlError> {
        if self.open.len() >= self.depth() {
            return Err(YamlError::TooDeep { limit: self.depth() });
        }
        let number = self.begin(anchor, || Node::Sequence { end: 0 })?;
        self.open.push(Open { anchor, number, expects, extent: Extent { kind, steps: 1, text: 0, height: 1 } });
        self.step(1, 0)
    }

    fn end(&mut self) -> Result<Option<Extent>, YamlError> {
        let Some(Open { anchor, number, extent, .. }) = self.open.pop() else { return Ok(None) };
        let end = self.count;
        if let Some(node) = self.nodes.as_mut().and_then(|nodes| nodes.get_mut(number)) {
            *node = match extent.kind {
                Kind::Mapping => Node::Mapping { end },
                _ => Node::Sequence { end },
            };
        }
        self.finish(anchor, number, extent, false)
    }

    fn scalar(&mut self, scalar: ScalarEvent<'i>) -> Result<Option<Extent>, YamlError> {
        let anchor = scalar.anchor;
        let text = scalar.text.len() as u64;
        if resolve::is_merge(&scalar)
            && let Some(open) = self.open.last_mut()
            && open.expects == Expects::Key
        {
            open.expects = Expects::Merged;
            return self.begin(anchor, || Node::Merge).map(|_| None);
        }
        let scalar = resolve::resolve(scalar).unwrap_or_else(|error| {
            self.note(error.into());
            Scalar::Null
        });
        let kind = match scalar {
            Scalar::Null => Kind::Null,
            Scalar::Boolean(_) => Kind::Boolean,
            Scalar::Integer(_) | Scalar::Unsigned(_) | Scalar::Float(_) => Kind::Number,
            Scalar::Text(_) => Kind::String,
        };
        self.check_number(&scalar);
        let number = self.begin(anchor, || Node::Scalar(scalar))?;
        self.step(1, text)?;
        self.finish(anchor, number, Extent { kind, steps: 1, text, height: 0 }, false)
    }

    /// What a value tree would refuse later must be refused here if there will be none.
    fn check_number(&mut self, scalar: &Scalar<'_>) {
        let is_key = self.open.last().is_some_and(|open| open.expects == Expects::Key);
        match scalar {
            Scalar::Float(number) if !number.is_finite() && !is_key && self.nodes.is_none() => {
                self.note(YamlError::number(*number));
            }
            Scalar::Unsigned(_) if is_key => self.note(YamlError::Key("uint64")),
            _ => {}
        }
    }

    fn alias(&mut self, name: &'i str) -> Result<Option<Extent>, YamlError> {
        let anchor = self.anchors.get(name).ok_or_else(|| YamlError::UnknownAnchor(name.to_owned()))?;
        let target = anchor.number;
        let extent = anchor.extent.unwrap_or_else(|| {
            self.fault.get_or_insert_with(|| YamlError::OwnAnchor(name.to_owned()));
            Extent { kind: Kind::Mapping, steps: 0, text: 0, height: 0 }
        });
        if self.open.len() + extent.height > self.depth() {
            return Err(YamlError::TooDeep { limit: self.depth() });
        }
        let number = self.begin(None, || Node::Alias { target })?;
        self.aliased = self.aliased.saturating_add(extent.steps);
        self.step(extent.steps.saturating_add(1), extent.text)?;
        self.finish(None, number, Extent { steps: extent.steps.saturating_add(1), ..extent }, true)
    }

    /// Numbers a node and notes its anchor.
    fn begin(&mut self, anchor: Option<&'i str>, node: impl FnOnce() -> Node<'i>) -> Result<usize, YamlError> {
        let number = self.count;
        self.count += 1;
        if let Some(nodes) = &mut self.nodes {
            nodes.push(node());
        }
        if let Some(name) = anchor {
            self.anchored += 1;
            if self.anchored > self.limits.anchors {
                return Err(YamlError::TooManyAnchors { limit: self.limits.anchors });
            }
            self.anchors.insert(name, Anchor { number, extent: None });
        }
        Ok(number)
    }

    /// Tells the collection around a node that the node has ended.
    fn finish(
        &mut self,
        anchor: Option<&'i str>,
        number: usize,
        extent: Extent,
        is_alias: bool,
    ) -> Result<Option<Extent>, YamlError> {
        if let Some(anchor) = anchor.and_then(|name| self.anchors.get_mut(name))
            && anchor.number == number
        {
            anchor.extent = Some(extent);
        }
        let Some(open) = self.open.last_mut() else { return Ok(Some(extent)) };
        let (expects, fault) = match (open.expects, extent.kind) {
            (Expects::Key, Kind::Null) => (Expects::Value, Some(YamlError::Key("%!s(<nil>)"))),
            (Expects::Key, Kind::Sequence | Kind::Mapping) => (Expects::Value, Some(YamlError::CollectionAsKey)),
            (Expects::Key, _) => (Expects::Value, None),
            (Expects::Value, _) | (Expects::Merged, Kind::Mapping) => (Expects::Key, None),
            // a sequence behind `<<` was written there: one that an alias stands for has no such items
            (Expects::Merged, Kind::Sequence) if !is_alias => (Expects::Key, None),
            (Expects::Merged, _) => (Expects::Key, Some(YamlError::Merge)),
            (Expects::MergedItem, Kind::Mapping) => (Expects::MergedItem, None),
            (Expects::MergedItem, _) => (Expects::MergedItem, Some(YamlError::Merge)),
            (Expects::Item, _) => (Expects::Item, None),
        };
        open.expects = expects;
        open.extent.steps = open.extent.steps.saturating_add(extent.steps);
        open.extent.text = open.extent.text.saturating_add(extent.text);
        open.extent.height = open.extent.height.max(extent.height + 1);
        if let Some(fault) = fault {
            self.note(fault);
        }
        Ok(None)
    }

    fn step(&mut self, steps: u64, text: u64) -> Result<(), YamlError> {
        self.decoded = self.decoded.saturating_add(steps);
        if self.decoded > self.limits.nodes {
            return Err(YamlError::TooManyNodes { limit: self.limits.nodes });
        }
        if self.aliased > 100
            && self.decoded > 1000
            && self.aliased as f64 / self.decoded as f64 > allowed_alias_ratio(self.decoded)
        {
            return Err(YamlError::Aliasing);
        }
        self.text = self.text.saturating_add(text);
        if self.nodes.is_some() && self.text > self.limits.bytes as u64 {
            return Err(YamlError::TooLarge { limit: self.limits.bytes });
        }
        Ok(())
    }
}

/// How much of a document may come from aliases: 99 % of one of up to 400 000 steps, 10 % of one of 4 000 000 or more.
/// The numbers are those of Go's reader.
fn allowed_alias_ratio(decoded: u64) -> f64 {
    const LOW: f64 = 400_000.0;
    const HIGH: f64 = 4_000_000.0;
    let share = ((decoded as f64 - LOW) / (HIGH - LOW)).clamp(0.0, 1.0);
    0.99 - 0.89 * share
}
