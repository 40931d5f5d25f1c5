//! Names of formats.

/// An image manifest of OCI: what Helm pushes.
pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// An image index of OCI.
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// Docker's image manifest.
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Docker's index.
pub const DOCKER_MANIFEST_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// The config of a chart's manifest: `Chart.yaml` as JSON.
pub const CHART_CONFIG: &str = "application/vnd.cncf.helm.config.v1+json";
/// A chart's package.
pub const CHART_PACKAGE: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
/// A chart's package, as Helm called it at first and still takes it.
pub const CHART_PACKAGE_LEGACY: &str = "application/tar+gzip";
/// A chart's provenance.
pub const CHART_PROVENANCE: &str = "application/vnd.cncf.helm.chart.provenance.v1.prov";

/// The config of a manifest that has none.
pub const EMPTY: &str = "application/vnd.oci.empty.v1+json";

/// Layers with these names, or names that go on from here, lie elsewhere: a registry need not have them.
pub(super) const FOREIGN: &[&str] =
    &["application/vnd.oci.image.layer.nondistributable.", "application/vnd.docker.image.rootfs.foreign."];
