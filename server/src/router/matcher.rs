//! Which route a path is, for repositories of any number of segments.

use catalogue::RepositoryPath;
use chart::Digest;
use http::Method;

use super::{Exists, FILE, PAGE, Route, path};
use crate::config::{Depth, OWN_SEGMENT, Settings};

/// A route, and what the path says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match<'p> {
    /// A line of the table.
    pub route: &'static Route,
    /// The repository; the one at the root if the route has none.
    pub repository: RepositoryPath,
    /// The other parameters.
    pub parameters: Parameters<'p>,
}

/// The parameters of a path; those that the route does not have are empty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Parameters<'p> {
    /// A chart's name.
    pub name: &'p str,
    /// A chart's version as asked for.
    pub version: &'p str,
    /// A file below `charts/`.
    pub filename: &'p str,
    /// The content that a URL names.
    pub digest: Option<Digest>,
    /// How many versions of each chart.
    pub count: usize,
    /// A file of the operator's own, below `static`: one or more segments.
    pub path: &'p str,
}

/// The table of routes, ready to be asked.
#[derive(Debug)]
pub struct Matcher {
    depth: Depth,
    /// A repository that is there at any depth.
    stack: Option<RepositoryPath>,
    context_path: String,
    patterns: Vec<Pattern>,
}

#[derive(Debug)]
struct Pattern {
    route: &'static Route,
    before: Vec<Part>,
    has_repository: bool,
    /// From the last segment backwards.
    behind: Vec<Part>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Literal(&'static str),
    Name,
    Version,
    Filename,
    /// A file name that can be answered.
    PackageFilename,
    Digest,
    Count,
    /// All segments that are left.
    Path,
}

/// The registry's segment, which is never the page of a repository.
const REGISTRY: &str = "v2";
/// An index that was asked for at the wrong depth is not there; a page in its place would only puzzle Helm.
const INDEX: &str = "index.yaml";

impl Matcher {
    /// Takes the lines of the table that the settings allow.
    pub fn new(routes: &'static [Route], settings: &Settings) -> Self {
        let Settings { repository, web, .. } = settings;
        let mut patterns = Vec::new();
        let exists = |route: &&Route| match route.exists {
            Exists::Always => true,
            Exists::WithFixedDepth => repository.depth != Depth::Dynamic,
            Exists::WithApi => repository.api,
            Exists::WithDelete => repository.api && repository.delete,
            Exists::WithArtifactHub => !web.artifact_hub_ids.is_empty(),
            Exists::WithTemplates => web.template_folder.is_some(),
            Exists::BeforeTheDoor | Exists::WithRegistry => false,
        };
        for route in routes.iter().filter(exists) {
            // Segments such as `/api/charts/x-1.tgz` are a download before they are a chart, and a chart before they
            // are a file of another kind; any path at all may be a repository's page. So the strict reading of a file
            // stands in its own place, and the loose one before the pages.
            let pattern = Pattern::of(route);
            if route.path == PAGE {
                patterns.extend(routes.iter().filter(|route| route.path == FILE).map(Pattern::loose));
                patterns.push(Pattern::with_slash(route));
            }
            patterns.push(pattern);
        }
        let (depth, stack) = (repository.depth, repository.stack.clone());
        Self { depth, stack, context_path: repository.context_path.clone(), patterns }
    }

    /// The first route that fits method and path, the path as [`path::decode`] returned it.
    pub fn find<'p>(&self, method: &Method, path: &'p str) -> Option<Match<'p>> {
        let method = if method == Method::HEAD { "GET" } else { method.as_str() };
        let path = path::below(path, &self.context_path)?;
        let of_method = self.patterns.iter().filter(|pattern| pattern.route.method == method);
        of_method.filter_map(|pattern| pattern.fit(path, self.depth, self.stack.as_ref())).next()
    }
}

impl Pattern {
    fn of(route: &'static Route) -> Self {
        let mut before: Vec<_> = route.path.split('/').skip(1).collect();
        let repository = before.iter().position(|segment| *segment == "{repository}");
        let behind = repository.map(|at| before.split_off(at).into_iter().skip(1).rev().map(Part::of).collect());
        Self {
            route,
            before: before.into_iter().map(Part::of).collect(),
            has_repository: repository.is_some(),
            behind: behind.unwrap_or_default(),
        }
    }

    fn loose(route: &'static Route) -> Self {
        let mut pattern = Self::of(route);
        pattern
            .behind
            .iter_mut()
            .filter(|part| **part == Part::PackageFilename)
            .for_each(|part| *part = Part::Filename);
        pattern
    }

    fn with_slash(route: &'static Route) -> Self {
        let mut pattern = Self::of(route);
        pattern.behind.insert(0, Part::Literal(""));
        pattern
    }

    fn fit<'p>(&self, path: &'p str, depth: Depth, stack: Option<&RepositoryPath>) -> Option<Match<'p>> {
        let mut parameters = Parameters::default();
        let mut rest = Some(path.strip_prefix('/')?);
        for part in &self.behind {
            let segments = rest?;
            let (left, last) = segments.rsplit_once('/').map_or((None, segments), |(left, last)| (Some(left), last));
            part.take(last, &mut parameters)?;
            rest = left;
        }
        for part in &self.before {
            let segments = rest?;
            if *part == Part::Path {
                (parameters.path, rest) = (segments, None);
                continue;
            }
            let (first, left) = segments.split_once('/').map_or((segments, None), |(first, left)| (first, Some(left)));
            part.take(first, &mut parameters)?;
            rest = left;
        }
        let repository = match rest {
            _ if self.has_repository => self.repository(rest, depth, stack)?,
            None => RepositoryPath::root(),
            Some(_) => return None,
        };
        Some(Match { route: self.route, repository, parameters })
    }

    fn repository(
        &self,
        segments: Option<&str>,
        depth: Depth,
        stack: Option<&RepositoryPath>,
    ) -> Option<RepositoryPath> {
        let Some(segments) = segments else {
            return matches!(depth, Depth::Dynamic | Depth::Fixed(0)).then(RepositoryPath::root);
        };
        if depth != Depth::Dynamic && depth != Depth::Fixed(segments.split('/').count()) {
            return stack.filter(|stack| stack.as_str() == segments).cloned();
        }
        let first = segments.split('/').next();
        let no_page = first == Some(REGISTRY) || segments.rsplit('/').next() == Some(INDEX);
        if first == Some(OWN_SEGMENT) || (no_page && self.route.path == PAGE) || segments.is_empty() {
            return None;
        }
        RepositoryPath::parse(segments).ok()
    }
}

impl Part {
    fn of(segment: &'static str) -> Self {
        match segment {
            "{name}" => Self::Name,
            "{version}" => Self::Version,
            "{filename}" => Self::PackageFilename,
            "{digest}" => Self::Digest,
            "{count}" => Self::Count,
            "{path}" => Self::Path,
            literal => Self::Literal(literal),
        }
    }

    fn take<'p>(self, segment: &'p str, parameters: &mut Parameters<'p>) -> Option<()> {
        match self {
            Self::Literal(literal) => return (segment == literal).then_some(()),
            Self::Name => parameters.name = segment,
            Self::Version => parameters.version = segment,
            Self::PackageFilename if !is_package_file(segment) => return None,
            Self::Filename | Self::PackageFilename => parameters.filename = segment,
            Self::Digest => parameters.digest = Some(segment.parse().ok()?),
            // a sign, or a leading zero, would give one view several addresses
            Self::Count if !segment.starts_with(|first: char| matches!(first, '1'..='9')) => return None,
            Self::Count => parameters.count = segment.parse().ok()?,
            Self::Path => parameters.path = segment,
        }
        Some(())
    }
}

/// A package or its provenance, by the name.
pub fn is_package_file(name: &str) -> bool {
    name.ends_with(catalogue::layout::PACKAGE_SUFFIX) || is_provenance_file(name)
}

/// A provenance, by the name.
pub fn is_provenance_file(name: &str) -> bool {
    name.strip_suffix(catalogue::layout::PROVENANCE_SUFFIX)
        .is_some_and(|package| package.ends_with(catalogue::layout::PACKAGE_SUFFIX))
}

#[cfg(test)]
mod tests;
