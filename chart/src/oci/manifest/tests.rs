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

#[test]
fn a_chart_has_one_package_for_every_client() {
    let another = |media_type| json!({"mediaType": media_type, "digest": EMPTY.replace("44136f", "000000"), "size": 2});
    let (package, legacy) = (media_type::CHART_PACKAGE, media_type::CHART_PACKAGE_LEGACY);
    for (first, second, wrong) in [
        (package, package, Some(package)),
        (package, legacy, Some(package)),
        (legacy, package, Some(package)),
        (media_type::CHART_PROVENANCE, media_type::CHART_PROVENANCE, Some(media_type::CHART_PROVENANCE)),
        (package, media_type::CHART_PROVENANCE, None),
        (package, "other/type", None),
    ] {
        let mut document = image();
        document["layers"] = json!([descriptor(first), another(second)]);
        let parsed = parse(&document, Some(media_type::MANIFEST)).map(drop);
        assert_eq!(parsed, wrong.map_or(Ok(()), |wrong| Err(ManifestError::SeveralLayers(wrong))), "{first} {second}");
        // the same one twice, and what is no chart
        document["layers"] = json!([descriptor(first), descriptor(second)]);
        parse(&document, Some(media_type::MANIFEST)).unwrap();
        document["layers"] = json!([descriptor(first), another(second)]);
        document["config"] = descriptor(media_type::EMPTY);
        parse(&document, Some(media_type::MANIFEST)).unwrap();
    }
}

#[test]
fn what_other_readers_would_read_otherwise_is_refused() {
    let image = image().to_string();
    let with = |change: &dyn Fn(&str) -> String| Manifest::parse(change(&image).as_bytes(), Some(media_type::MANIFEST));
    assert!(with(&|text| text.to_owned()).is_ok());
    // Go reads names in any case, and the last of them counts
    for (name, more) in [
        ("Config", "{}"),
        ("CONFIG", "null"),
        ("layerS", "[]"),
        ("layerſ", "[]"),
        ("mediatype", "\"a/b\""),
        ("SchemaVersion", "2"),
        ("Manifests", "[]"),
        ("Subject", "{}"),
    ] {
        let error = with(&|text| text.replacen('{', &format!("{{\"{name}\":{more},"), 1)).unwrap_err();
        assert!(matches!(&error, ManifestError::Json(text) if text.starts_with("some would take")), "{name}: {error}");
    }
    for name in ["Digest", "DIGEST", "Size", "\\u0073i\\u007ae ", "mediaTYPE", "media\u{212a}ype"] {
        let changed = with(&|text| text.replacen("\"config\":{", &format!("\"config\":{{\"{name}\":1,"), 1));
        assert_eq!(changed.is_ok(), name.ends_with(' ') || name.contains('\u{212a}'), "{name}");
    }
    // what nobody reads has any name
    assert!(with(&|text| text.replacen('{', "{\"Other\":{\"Digest\":1},\"config2\":[[{\"Size\":1}]],", 1)).is_ok());
    // JSON is UTF-8, and lengths have a sign
    let mut bytes = image.replacen('{', "{\"other\":\"?\",", 1).into_bytes();
    let at = bytes.iter().position(|byte| *byte == b'?').unwrap();
    assert!(Manifest::parse(&bytes, Some(media_type::MANIFEST)).is_ok());
    bytes[at] = 0xff;
    assert!(matches!(Manifest::parse(&bytes, Some(media_type::MANIFEST)), Err(ManifestError::Json(_))));
    for (size, is_taken) in
        [("9223372036854775807", true), ("9223372036854775808", false), ("18446744073709551615", false)]
    {
        let changed = with(&|text| text.replace("\"size\":2", &format!("\"size\":{size}")));
        assert_eq!(changed.is_ok(), is_taken, "{size}");
    }
}
