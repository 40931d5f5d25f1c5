//! The charts of a package while its archive is walked, and Helm's verdict over them once it has ended.

use std::collections::BTreeMap;
use std::io::Read;
use std::ops::ControlFlow;

use super::PackageError;
use crate::archive::{self, ArchiveError, Budget, Visitor};
use crate::metadata::{DecodeError, Draft, check_lock, check_values};
use crate::{ChartName, ChartVersion, Metadata, yaml};

/// What must be known of a chart: the metadata files as they are, and what is wrong with the others.
///
/// The files come in any order, and Helm looks at `Chart.yaml` first, so the verdict waits.
#[derive(Debug, Default)]
pub(super) struct Tree {
    chart_yaml: Option<Kept>,
    /// In the order of the archive.
    others: Vec<Other>,
    subcharts: BTreeMap<String, SubChart>,
}

/// A metadata file, or why it is not worth keeping.
type Kept = Result<Vec<u8>, DecodeError>;

#[derive(Debug)]
enum Other {
    Requirements(Kept),
    /// Helm takes a lock alone for a chart whose metadata is empty.
    RequirementsLock,
    Fault {
        file: &'static str,
        error: DecodeError,
    },
}

#[derive(Debug)]
enum SubChart {
    Folder(Tree),
    Archive(Result<Tree, ArchiveError>),
    /// A folder that is called like an archive, with the path of its first file.
    Misnamed(String),
}

/// Chart, version and metadata, each once.
pub(super) type Verdict = (ChartName, ChartVersion, Metadata);

/// Fills a tree with what an archive holds.
pub(super) struct Planter<'b, 'l> {
    pub tree: Tree,
    pub budget: &'b Budget<'l>,
    /// How many charts this one lies within.
    pub depth: u32,
}

impl Visitor for Planter<'_, '_> {
    fn visit(&mut self, path: &str, size: u64, content: &mut dyn Read) -> Result<ControlFlow<()>, ArchiveError> {
        self.tree.add(path, path, size, content, self.budget, self.depth)?;
        Ok(ControlFlow::Continue(()))
    }
}

impl Tree {
    fn add(
        &mut self,
        path: &str,
        full_path: &str,
        size: u64,
        content: &mut dyn Read,
        budget: &Budget<'_>,
        depth: u32,
    ) -> Result<(), ArchiveError> {
        let limits = yaml::Limits::default();
        match path {
            // Of a sub-chart the last one counts, as to Helm: `helm package` writes two versions of one dependency into
            // the same folder.
            "Chart.yaml" if depth == 0 && self.chart_yaml.is_some() => {
                return Err(ArchiveError::DuplicateChartYaml(full_path.to_owned()));
            }
            "Chart.yaml" => self.chart_yaml = Some(keep(size, content, budget, &limits)?),
            "requirements.yaml" => self.others.push(Other::Requirements(keep(size, content, budget, &limits)?)),
            "Chart.lock" => {
                let checked = check_lock(&archive::read_file(size, content)?, &limits);
                self.note("Chart.lock", checked);
            }
            "requirements.lock" => {
                let checked = check_lock(&archive::read_file(size, content)?, &limits);
                self.note("requirements.lock", checked);
                self.others.push(Other::RequirementsLock);
            }
            "values.yaml" => {
                let checked = check_values(&archive::read_file(size, content)?, budget.limits.file_size);
                self.note("values.yaml", checked);
            }
            _ => {
                if let Some(path) = path.strip_prefix("charts/").filter(|path| !path.ends_with(".prov")) {
                    return self.add_to_subchart(path, full_path, size, content, budget, depth + 1);
                }
            }
        }
        Ok(())
    }

    fn note(&mut self, file: &'static str, checked: Result<(), DecodeError>) {
        if let Err(error) = checked {
            self.others.push(Other::Fault { file, error });
        }
    }

    fn add_to_subchart(
        &mut self,
        path: &str,
        full_path: &str,
        size: u64,
        content: &mut dyn Read,
        budget: &Budget<'_>,
        depth: u32,
    ) -> Result<(), ArchiveError> {
        let (name, inner) = match path.split_once('/') {
            Some((name, inner)) => (name, Some(inner)),
            None => (path, None),
        };
        if name.starts_with(['_', '.']) {
            return Ok(());
        }
        let limit = budget.limits.subchart_depth;
        if depth > limit {
            return Err(ArchiveError::TooDeep { limit });
        }
        if name.ends_with(".tgz") {
            if !self.subcharts.contains_key(name) {
                let subchart = match inner {
                    None => SubChart::Archive(read_archive(content, budget, depth)?),
                    Some(_) => SubChart::Misnamed(path.to_owned()),
                };
                self.subcharts.insert(name.to_owned(), subchart);
            }
            return Ok(());
        }
        // a file that lies directly in `charts` is a chart without files to Helm
        let subchart = self.subcharts.entry(name.to_owned()).or_insert_with(|| SubChart::Folder(Self::default()));
        match (subchart, inner) {
            (SubChart::Folder(tree), Some(inner)) => tree.add(inner, full_path, size, content, budget, depth),
            _ => Ok(()),
        }
    }

    /// Helm's verdict: the first thing that is wrong, in the order in which Helm looks.
    pub(super) fn judge(mut self) -> Result<Verdict, PackageError> {
        let verdict = self.judge_chart()?;
        judge_subcharts(self.subcharts, verdict.0.as_str())?;
        Ok(verdict)
    }

    /// The verdict without the charts within.
    fn judge_chart(&mut self) -> Result<Verdict, PackageError> {
        let mut draft = Draft::default();
        let limits = yaml::Limits::default();
        let decode = |draft: &mut Draft, file: &'static str, kept: Kept| {
            kept.and_then(|bytes| draft.decode(&bytes, &limits)).map_err(|error| PackageError::File { file, error })
        };
        let mut found = false;
        if let Some(chart_yaml) = self.chart_yaml.take() {
            decode(&mut draft, "Chart.yaml", chart_yaml)?;
            draft.default_api_version();
            found = true;
        }
        for other in self.others.drain(..) {
            match other {
                Other::Requirements(kept) => decode(&mut draft, "requirements.yaml", kept)?,
                Other::RequirementsLock => {}
                Other::Fault { file, error } => return Err(PackageError::File { file, error }),
            }
            found = true;
        }
        if !found {
            return Err(PackageError::ChartYamlMissing);
        }
        Ok(draft.validate()?)
    }
}

/// Judges one chart after the other, and keeps nothing of them: only the names go from one level to the next.
fn judge_subcharts(subcharts: BTreeMap<String, SubChart>, parent: &str) -> Result<(), PackageError> {
    let judge = |mut tree: Tree| {
        let (name, _, _) = tree.judge_chart()?;
        judge_subcharts(tree.subcharts, name.as_str())
    };
    for (name, subchart) in subcharts {
        let judged = match subchart {
            SubChart::Folder(tree) | SubChart::Archive(Ok(tree)) => judge(tree),
            SubChart::Archive(Err(error)) => Err(error.into()),
            SubChart::Misnamed(found) => {
                return Err(PackageError::SubChartName { parent: parent.to_owned(), name, found });
            }
        };
        judged.map_err(|error| PackageError::SubChart { name, parent: parent.to_owned(), error: Box::new(error) })?;
    }
    Ok(())
}

/// Keeps a metadata file until the archive has ended, unless it is too large to be read then.
fn keep(size: u64, content: &mut dyn Read, budget: &Budget<'_>, limits: &yaml::Limits) -> Result<Kept, ArchiveError> {
    if size > limits.bytes as u64 {
        return Ok(Err(yaml::YamlError::TooLarge { limit: limits.bytes }.into()));
    }
    budget.count_kept(size)?;
    archive::read_file(size, content).map(Ok)
}

/// Reads a sub-chart's archive within the package's. If only the inner one is broken, the outer one goes on.
fn read_archive(
    content: &mut dyn Read,
    budget: &Budget<'_>,
    depth: u32,
) -> Result<Result<Tree, ArchiveError>, ArchiveError> {
    let mut planter = Planter { tree: Tree::default(), budget, depth };
    let walked = archive::walk(&mut archive::without_mark(content)?, budget, &mut planter);
    match walked {
        Err(error) if error.is_limit() => Err(error),
        walked => Ok(walked.map(|()| planter.tree)),
    }
}
