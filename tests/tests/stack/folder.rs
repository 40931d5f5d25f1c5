//! What every chart brings besides templates.

use std::fs;

use serde_json::Value;

use crate::render::{LIBRARY, charts, folder};

fn metadata(chart: &str) -> Value {
    let text = fs::read_to_string(folder().join(chart).join("Chart.yaml")).unwrap();
    serde_yaml::from_str(&text).unwrap()
}

#[test]
fn every_chart_says_what_it_is() {
    for chart in charts() {
        let metadata = metadata(&chart);
        assert_eq!(metadata["name"], *chart);
        assert_eq!(metadata["kubeVersion"], ">=1.33.0-0", "{chart}");
        for key in ["description", "version", "appVersion", "icon", "sources", "maintainers", "keywords"] {
            assert!(!metadata[key].is_null(), "{chart} has no {key}");
        }
        let icon = fs::read_to_string(folder().join(&chart).join("icon.svg")).unwrap();
        assert_eq!(metadata["icon"], inline(icon.trim()), "{chart}");
        for key in ["category", "license", "changes"] {
            let key = format!("artifacthub.io/{key}");
            assert!(metadata["annotations"][&key].is_string(), "{chart} has no {key}");
        }
        let library = &metadata["dependencies"][0];
        assert_eq!(library["name"], LIBRARY, "{chart}");
        assert_eq!(library["repository"], format!("file://../{LIBRARY}"), "{chart}");
        assert_eq!(library["version"], self::metadata(LIBRARY)["version"], "{chart}");
    }
}

/// An icon within the metadata, so that it is shown where nothing else is reached.
fn inline(svg: &str) -> String {
    let escapes = [("%", "%25"), ("#", "%23"), ("\"", "'"), ("<", "%3C"), (">", "%3E"), (" ", "%20")];
    let text = escapes.into_iter().fold(svg.to_owned(), |text, (plain, escaped)| text.replace(plain, escaped));
    format!("data:image/svg+xml,{text}")
}

#[test]
fn every_chart_has_its_papers() {
    for chart in charts() {
        for file in [
            "README.md",
            "values.yaml",
            "values.schema.json",
            "icon.svg",
            "templates/NOTES.txt",
            "ci/default-values.yaml",
        ] {
            assert!(folder().join(&chart).join(file).is_file(), "{chart} has no {file}");
        }
    }
}

/// Named templates of all charts in a release share one space.
#[test]
fn every_named_template_has_our_prefix() {
    for chart in charts().into_iter().chain([LIBRARY.to_owned()]) {
        let own = if chart == LIBRARY { "chandlery.".to_owned() } else { format!("chandlery.{}.", own_part(&chart)) };
        for file in fs::read_dir(folder().join(&chart).join("templates")).unwrap() {
            let path = file.unwrap().path();
            if path.is_dir() {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            for definition in text.split("define \"").skip(1) {
                assert!(definition.starts_with(&own), "{}: {:?}", path.display(), definition.lines().next());
            }
        }
    }
}

/// The server's own chart has the project's name, which is the prefix.
fn own_part(chart: &str) -> &str {
    if chart == "chandlery" { "server" } else { chart }
}

#[test]
fn no_default_is_a_password() {
    for chart in charts() {
        let text = fs::read_to_string(folder().join(&chart).join("values.yaml")).unwrap();
        no_password(&chart, "", &serde_yaml::from_str(&text).unwrap());
    }
}

fn no_password(chart: &str, path: &str, value: &Value) {
    for (key, value) in value.as_object().into_iter().flatten() {
        let path = format!("{path}.{key}");
        if key.to_lowercase().ends_with("password") {
            assert_eq!(*value, "", "{chart}{path}");
        }
        no_password(chart, &path, value);
    }
}
