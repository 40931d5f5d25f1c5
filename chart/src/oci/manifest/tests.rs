use serde_json::json;

use super::*;

const EMPTY: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

fn descriptor(media_type: &str) -> serde_json::Value {
    json!({"mediaType": media_type, "digest": EMPTY, "size": 2, "data": "e30=", "urls": ["https://example.com"]})
}

fn parse(document: &serde_json::Value, content_type: Option<&str>) -> Result<Manifest, ManifestError> {
    Manifest::parse(document.to_string().as_bytes(), content_type)
}

fn image() -> serde_json::Value {
    json!({"schemaVersion": 2, "config": descriptor(media_type::CHART_CONFIG), "layers": [], "x": {"y": [1]}})
}

#[test]
fn a_charts_manifest_is_known_by_its_config() {
    let mut document = image();
    document["layers"] = json!([
        descriptor(media_type::CHART_PACKAGE_LEGACY),
        descriptor(media_type::CHART_PROVENANCE),
        descriptor(media_type::CHART_PACKAGE),
    ]);
    let manifest = parse(&document, Some("application/vnd.oci.image.manifest.v1+json; charset=utf-8")).unwrap();
    assert_eq!(manifest.media_type, media_type::MANIFEST);
    assert!(manifest.is_chart() && !manifest.is_index());
    assert_eq!(manifest.chart_package(), Some(&manifest.layers[2]));
    assert_eq!(manifest.chart_provenance(), Some(&manifest.layers[1]));
    assert_eq!(manifest.kind(), Some(media_type::CHART_CONFIG));
    document["layers"].as_array_mut().unwrap().pop();
    let manifest = parse(&document, Some(media_type::MANIFEST)).unwrap();
    assert_eq!(manifest.chart_package(), Some(&manifest.layers[0]));
}

#[test]
fn an_artifact_says_what_it_is_for() {
    let mut document = image();
    document["config"] = descriptor(media_type::EMPTY);
    document["artifactType"] = json!("application/example");
    document["subject"] = descriptor(media_type::MANIFEST);
    document["annotations"] = json!({"a": "b"});
    let manifest = parse(&document, Some(media_type::MANIFEST)).unwrap();
    assert!(!manifest.is_chart());
    assert_eq!(manifest.kind(), Some("application/example"));
    assert_eq!(manifest.subject.unwrap().digest.to_string(), EMPTY);
    assert_eq!(manifest.annotations["a"], "b");
}

#[test]
fn an_index_lists_manifests() {
    for content_type in [media_type::INDEX, media_type::DOCKER_MANIFEST_LIST] {
        let document =
            json!({"schemaVersion": 2, "mediaType": content_type, "manifests": [descriptor(media_type::INDEX)]});
        let manifest = parse(&document, None).unwrap();
        assert!(manifest.is_index());
        assert_eq!((manifest.manifests.len(), manifest.blobs().count(), manifest.kind()), (1, 0, None));
    }
    let empty = json!({"schemaVersion": 2, "manifests": null, "annotations": null});
    assert!(parse(&empty, Some(media_type::INDEX)).unwrap().manifests.is_empty());
}

#[test]
fn foreign_layers_need_not_be_there() {
    let mut document = image();
    document["layers"] = json!([
        descriptor("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"),
        descriptor("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"),
        descriptor("application/vnd.oci.image.layer.v1.tar"),
    ]);
    let manifest = parse(&document, Some(media_type::MANIFEST)).unwrap();
    let blobs: Vec<_> = manifest.blobs().map(|blob| &*blob.media_type).collect();
    assert_eq!(blobs, [media_type::CHART_CONFIG, "application/vnd.oci.image.layer.v1.tar"]);
}

#[test]
fn request_and_manifest_must_agree() {
    let mut document = image();
    assert_eq!(parse(&document, None), Err(ManifestError::NoMediaType));
    assert_eq!(parse(&document, Some(" ; ")), Err(ManifestError::NoMediaType));
    assert!(matches!(parse(&document, Some("text/plain")), Err(ManifestError::UnknownMediaType(_))));
    document["mediaType"] = json!(media_type::MANIFEST);
    assert!(parse(&document, None).is_ok());
    let other = parse(&document, Some(media_type::DOCKER_MANIFEST));
    assert!(matches!(other, Err(ManifestError::OtherMediaType { .. })));
}

#[test]
fn what_is_no_manifest_is_refused() {
    let with = |field: &str, value: serde_json::Value| {
        let mut document = image();
        document[field] = value;
        parse(&document, Some(media_type::MANIFEST))
    };
    assert_eq!(with("schemaVersion", json!(1)), Err(ManifestError::SchemaVersion));
    assert_eq!(with("schemaVersion", json!(null)), Err(ManifestError::SchemaVersion));
    assert_eq!(with("config", json!(null)), Err(ManifestError::NoConfig));
    assert_eq!(with("manifests", json!([])), Err(ManifestError::Ambiguous));
    let mut index = image();
    index["manifests"] = json!([]);
    assert_eq!(parse(&index, Some(media_type::INDEX)), Err(ManifestError::Ambiguous));
    for (field, value) in [
        ("layers", json!({})),
        ("layers", json!([{"mediaType": "a", "digest": EMPTY}])),
        ("layers", json!([{"mediaType": "a", "digest": EMPTY, "size": -1}])),
        ("layers", json!([{"mediaType": "a", "digest": "sha256:bad", "size": 1}])),
        ("layers", json!([{"mediaType": "a", "digest": "x".repeat(100_000), "size": 1}])),
        ("annotations", json!({"a": 1})),
        ("subject", json!("a")),
        ("artifactType", json!(5)),
    ] {
        let error = with(field, value).unwrap_err();
        assert!(matches!(error, ManifestError::Json(_)), "{error}");
        assert!(error.to_string().len() < 500);
    }
    for bytes in ["", "[]", "null", "{", "{}x", "\u{feff}{}", "{\"schemaVersion\":2,\"schemaVersion\":2}"] {
        let refused = Manifest::parse(bytes.as_bytes(), Some(media_type::MANIFEST));
        assert!(matches!(refused, Err(ManifestError::Json(_))), "{bytes:.40}");
    }
    assert!(Manifest::parse(b"\xff\xfe", Some(media_type::MANIFEST)).is_err());
}

#[test]
fn depth_costs_nothing() {
    let deep = |field: &str| format!("{{\"schemaVersion\":2,\"{field}\":{}", "[".repeat(4 << 20));
    for field in ["config", "annotations", "anything"] {
        let refused = Manifest::parse(deep(field).as_bytes(), Some(media_type::MANIFEST));
        assert!(matches!(refused, Err(ManifestError::Json(_))), "{field}");
    }
}
