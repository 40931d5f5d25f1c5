//! Helm's rules for metadata, in Helm's order, since only the first one broken is reported.

use std::collections::HashSet;

use super::decode::Draft;
use super::sanitize::sanitize;
use super::{Dependency, Maintainer, Metadata, MetadataError};
use crate::{ChartName, ChartVersion};

impl Draft {
    /// Cleans the texts and applies the rules. The version stays as it was written.
    pub(crate) fn validate(self) -> Result<(ChartName, ChartVersion, Metadata), MetadataError> {
        let Self { mut metadata, maintainers, dependencies } = self;
        sanitize_texts(&mut metadata);
        if metadata.api_version.is_empty() {
            return Err(MetadataError::ApiVersionMissing);
        }
        let name = ChartName::parse(&metadata.name)?;
        if metadata.version.is_empty() {
            return Err(MetadataError::VersionMissing);
        }
        let version =
            ChartVersion::parse(&metadata.version).map_err(|_| MetadataError::Version(metadata.version.clone()))?;
        if !matches!(metadata.kind.as_str(), "" | "application" | "library") {
            return Err(MetadataError::Kind);
        }
        metadata.maintainers = validate_maintainers(maintainers)?;
        metadata.dependencies = validate_dependencies(dependencies)?;
        Ok((name, version, metadata))
    }
}

fn sanitize_texts(metadata: &mut Metadata) {
    for text in [
        &mut metadata.name,
        &mut metadata.description,
        &mut metadata.home,
        &mut metadata.icon,
        &mut metadata.condition,
        &mut metadata.tags,
        &mut metadata.app_version,
        &mut metadata.kube_version,
    ] {
        sanitize(text);
    }
    metadata.sources.iter_mut().chain(&mut metadata.keywords).for_each(sanitize);
}

fn validate_maintainers(maintainers: Vec<Option<Maintainer>>) -> Result<Vec<Maintainer>, MetadataError> {
    maintainers
        .into_iter()
        .map(|maintainer| {
            let mut maintainer = maintainer.ok_or(MetadataError::EmptyMaintainer)?;
            [&mut maintainer.name, &mut maintainer.email, &mut maintainer.url].into_iter().for_each(sanitize);
            Ok(maintainer)
        })
        .collect()
}

fn validate_dependencies(dependencies: Vec<Option<Dependency>>) -> Result<Vec<Dependency>, MetadataError> {
    let mut known = HashSet::new();
    let mut valid = Vec::with_capacity(dependencies.len());
    for dependency in dependencies {
        let mut dependency = dependency.ok_or(MetadataError::EmptyDependency)?;
        for text in
            [&mut dependency.name, &mut dependency.version, &mut dependency.repository, &mut dependency.condition]
        {
            sanitize(text);
        }
        dependency.tags.iter_mut().for_each(sanitize);
        if !dependency.alias.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')) {
            return Err(MetadataError::Alias(dependency.name));
        }
        let key = if dependency.alias.is_empty() { &dependency.name } else { &dependency.alias };
        if !known.insert(key.clone()) {
            return Err(MetadataError::DuplicateDependency(key.clone()));
        }
        valid.push(dependency);
    }
    Ok(valid)
}
