//! One page: which versions stand on it, and its text.

use std::sync::Arc;

use chart::ChartName;
use chart::index::{Entry, Page};
use storage::Key;

use crate::{IndexOptions, PackageUrls, RepositoryPath, Version, layout};

/// The versions on a page: of whole charts, or a part of one chart's. Two equal plans have the same text.
#[derive(Debug, Clone)]
pub(super) enum Plan {
    Charts(Vec<(ChartName, Vec<Arc<Version>>)>),
    Part(ChartName, Vec<Arc<Version>>),
}

impl Plan {
    /// The first version: with it a page that may be reused is found.
    pub fn first(&self) -> Option<&Arc<Version>> {
        match self {
            Self::Charts(charts) => charts.first().and_then(|(_, versions)| versions.first()),
            Self::Part(_, versions) => versions.first(),
        }
    }

    /// The very same versions, cut the same way.
    pub fn is(&self, other: &Self) -> bool {
        let same = |a: &[Arc<Version>], b: &[Arc<Version>]| {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| Arc::ptr_eq(a, b))
        };
        match (self, other) {
            (Self::Part(a, these), Self::Part(b, those)) => a == b && same(these, those),
            (Self::Charts(these), Self::Charts(those)) => {
                these.len() == those.len() && these.iter().zip(those).all(|((a, x), (b, y))| a == b && same(x, y))
            }
            _ => false,
        }
    }

    pub fn render(&self, path: &RepositoryPath, options: &IndexOptions) -> Page {
        match self {
            Self::Part(name, versions) => {
                let urls = urls(versions, path, options);
                Page::of_part(options.format, name.as_str(), &entries(versions, &urls))
            }
            Self::Charts(charts) => {
                let urls: Vec<_> = charts.iter().map(|(_, versions)| urls(versions, path, options)).collect();
                let charts = charts.iter().zip(&urls);
                let charts: Vec<_> =
                    charts.map(|((name, versions), urls)| (name.as_str(), entries(versions, urls))).collect();
                Page::of_charts(options.format, &charts)
            }
        }
    }
}

fn entries<'a>(versions: &'a [Arc<Version>], urls: &'a [String]) -> Vec<Entry<'a>> {
    let entry = |(version, url): (&'a Arc<Version>, &'a String)| Entry {
        metadata: &version.metadata,
        url,
        created: version.created,
        digest: version.package.digest,
    };
    versions.iter().zip(urls).map(entry).collect()
}

fn urls(versions: &[Arc<Version>], path: &RepositoryPath, options: &IndexOptions) -> Vec<String> {
    versions.iter().map(|version| url(version, path, options)).collect()
}

/// Where a package is, as the index has it.
pub(super) fn url(version: &Version, path: &RepositoryPath, options: &IndexOptions) -> String {
    match options.package_urls {
        PackageUrls::Served => {}
        PackageUrls::Keys => return from_index(&version.package.key, path),
        PackageUrls::Files => return percent_encoded(&version.file),
    }
    let base = match &options.chart_url {
        None => "charts",
        Some(base) if path.is_root() => &format!("{base}/charts"),
        Some(base) => &format!("{base}/{path}/charts"),
    };
    let file = escape(&version.file);
    if options.urls_by_digest || version.replaced {
        format!("{base}/{}/{file}", version.package.digest)
    } else {
        format!("{base}/{file}")
    }
}

/// From the place of an index in the storage to that of a package.
fn from_index(key: &Key, path: &RepositoryPath) -> String {
    let folder = layout::repository_folder(path);
    match key.as_str().strip_prefix(folder.as_str()) {
        Some(below) => percent_encoded(below),
        None => {
            let up = "../".repeat(folder.as_str().matches('/').count());
            format!("{up}{}", percent_encoded(key.as_str()))
        }
    }
}

/// Static servers take a path as it is, S3 for one a `+` for a space: so all but the plainest characters are encoded.
fn percent_encoded(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => text.push(char::from(byte)),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

/// File names stand in URLs as they are, as in ChartMuseum, but for the three characters that would end the path.
fn escape(file: &str) -> String {
    file.replace('%', "%25").replace('?', "%3F").replace('#', "%23")
}
