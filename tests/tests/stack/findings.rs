//! What kube-score and Checkov find, against what is accepted with a reason.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use acceptance::skipped;
use serde::Deserialize;
use serde_json::Value;
use storage_s3::gateway::tools;

use crate::render::{Rendered, each, rendered};

/// As `cargo xtask tools` installs them.
const KUBE_SCORE: &str = "kube-score-1.20.0/kube-score";
const CHECKOV: &str = "3.3.30";
/// Tool and check, and where: chart, case, kind and name, or the image.
type Finding = (String, String);

/// A line of `deploy/findings.yaml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Accepted {
    check: String,
    r#in: Vec<String>,
    because: String,
}

impl Accepted {
    fn read() -> Vec<Self> {
        let accepted: Vec<Self> = serde_yaml::from_str(&fs::read_to_string(deploy("findings.yaml")).unwrap()).unwrap();
        for line in &accepted {
            assert!(line.because.len() > 20, "{} has no reason", line.check);
        }
        accepted
    }
}

fn deploy(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy").join(path)
}

/// What is found and not accepted, and what is accepted and not found.
fn differences(findings: &BTreeSet<Finding>, accepted: &[Accepted]) -> Vec<String> {
    let fits = |line: &Accepted, place: &str, (check, found): &Finding| line.check == *check && matches(place, found);
    let new = findings
        .iter()
        .filter(|finding| !accepted.iter().any(|line| line.r#in.iter().any(|place| fits(line, place, finding))))
        .map(|(check, place)| format!("{check} in {place} is new: mend it, or accept it in deploy/findings.yaml"));
    let gone = accepted.iter().flat_map(|line| line.r#in.iter().map(move |place| (line, place))).filter_map(
        |(line, place)| {
            let found = findings.iter().any(|finding| fits(line, place, finding));
            (!found).then(|| format!("{} in {place} is gone: take it out of deploy/findings.yaml", line.check))
        },
    );
    new.chain(gone).collect()
}

/// Whether a text is as a pattern, in which `*` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => text.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len()).filter(|&at| rest.is_char_boundary(at)).any(|at| matches(after, &rest[at..]))
        }),
    }
}

/// The lines of one tool: Checkov's checks have its letters.
fn accepted_of(checkov: bool) -> Vec<Accepted> {
    let mut accepted = Accepted::read();
    accepted.retain(|line| line.check.starts_with("CKV") == checkov);
    assert!(!accepted.is_empty());
    accepted
}

fn place(rendered: &Rendered) -> String {
    let case = rendered.case.values.strip_prefix("ci/").unwrap().strip_suffix("-values.yaml").unwrap();
    format!("{}/{case}", rendered.case.chart)
}

/// As a stream of documents.
fn text(rendered: &Rendered) -> String {
    rendered.objects.iter().map(|object| format!("---\n{}", serde_yaml::to_string(object).unwrap())).collect()
}

fn kube_score(rendered: &Rendered) -> Vec<Finding> {
    let mut child = Command::new(tools().join(KUBE_SCORE))
        .args(["score", "--output-format", "json", "--output-version", "v2", "--kubernetes-version", "v1.36", "-"])
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It reads everything before it writes.
    child.stdin.take().unwrap().write_all(text(rendered).as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    // 1 says that something was found
    assert!(output.status.code().is_some_and(|code| code < 2), "{}", String::from_utf8_lossy(&output.stderr));
    let objects: Option<Vec<Value>> = serde_json::from_slice(&output.stdout).unwrap();
    let mut findings = Vec::new();
    for object in objects.unwrap_or_default() {
        let kind = object["type_meta"]["kind"].as_str().unwrap();
        let name = object["object_meta"]["name"].as_str().unwrap();
        for check in object["checks"].as_array().into_iter().flatten() {
            if check["skipped"] == false && check["grade"].as_u64().unwrap() < 10 {
                let id = check["check"]["id"].as_str().unwrap();
                findings.push((format!("kube-score {id}"), format!("{}/{kind}/{name}", place(rendered))));
            }
        }
    }
    findings
}

#[test]
fn kube_score_finds_what_is_accepted() {
    let program = tools().join(KUBE_SCORE);
    if !program.is_file() {
        assert!(std::env::var_os("CHANDLERY_TOOLS").is_none(), "there is no {}", program.display());
        return skipped("kube-score is not installed; `cargo xtask tools` does it");
    }
    let findings: BTreeSet<_> = each(rendered(), kube_score).into_iter().flatten().collect();
    if rendered().is_empty() {
        return; // without Helm, which is named
    }
    let differences = differences(&findings, &accepted_of(false));
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// Recipes of images, as they are named in findings.
fn recipes() -> Vec<(String, PathBuf)> {
    let mut recipes: Vec<_> = fs::read_dir(deploy("images"))
        .unwrap()
        .map(|folder| folder.unwrap())
        .map(|folder| (folder.file_name().into_string().unwrap(), folder.path().join("Dockerfile")))
        .collect();
    recipes.push(("chandlery".to_owned(), deploy("image/Dockerfile")));
    recipes
}

/// One run over everything: most of it is its start.
fn checkov(python: &Path) -> BTreeSet<Finding> {
    // Checkov does not look into hidden folders.
    let folder = tempfile::Builder::new().prefix("checkov-").tempdir().unwrap();
    for rendered in rendered() {
        let file = folder.path().join(format!("charts/{}.yaml", place(rendered)));
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text(rendered)).unwrap();
    }
    for (name, recipe) in recipes() {
        let file = folder.path().join(format!("images/{name}/Dockerfile"));
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::copy(recipe, file).unwrap();
    }
    let output = Command::new(python)
        .args(["-I", "-m", "checkov.main", "--framework", "kubernetes", "dockerfile", "--output", "json"])
        .args(["--skip-download", "--compact", "--quiet", "--soft-fail", "--directory"])
        .arg(folder.path())
        .current_dir(folder.path())
        .env_clear()
        .env("HOME", folder.path())
        .env("TMPDIR", folder.path())
        .env("PYTHONUTF8", "1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let reports: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"));
    let mut findings = BTreeSet::new();
    for report in &reports {
        assert_eq!(report["summary"]["parsing_errors"], 0, "{}", report["check_type"]);
        assert!(report["summary"]["resource_count"].as_u64().unwrap() > 0, "{}", report["check_type"]);
        for check in report["results"]["failed_checks"].as_array().unwrap() {
            let file = check["file_path"].as_str().unwrap().trim_start_matches('/');
            let place = match file.strip_prefix("charts/") {
                // Its resources are kind, namespace and name.
                Some(file) => {
                    let resource: Vec<_> = check["resource"].as_str().unwrap().splitn(3, '.').collect();
                    format!("{}/{}/{}", file.strip_suffix(".yaml").unwrap(), resource[0], resource[2])
                }
                None => file.strip_suffix("/Dockerfile").unwrap().to_owned(),
            };
            findings.insert((check["check_id"].as_str().unwrap().to_owned(), place));
        }
    }
    assert_eq!(reports.len(), 2, "charts and images");
    findings
}

#[test]
fn checkov_finds_what_is_accepted() {
    let Some(python) = acceptance::python("checkov", CHECKOV) else { return };
    if rendered().is_empty() {
        return; // without Helm, which is named
    }
    let differences = differences(&checkov(&python), &accepted_of(true));
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn what_is_new_and_what_is_gone_are_told() {
    let found = |check: &str, place: &str| (check.to_owned(), place.to_owned());
    let accepted = [Accepted { check: "a".into(), r#in: vec!["mariadb/*/Pod/x".into()], because: String::new() }];
    let fits = found("a", "mariadb/default/Pod/x");
    assert!(differences(&BTreeSet::from([fits.clone()]), &accepted).is_empty());
    for new in
        [found("b", "mariadb/default/Pod/x"), found("a", "mariadb/default/Pod/y"), found("a", "x/mariadb//Pod/x")]
    {
        let told = differences(&BTreeSet::from([fits.clone(), new]), &accepted);
        assert!(told.len() == 1 && told[0].contains("is new"), "{told:?}");
    }
    let told = differences(&BTreeSet::new(), &accepted);
    assert!(told.len() == 1 && told[0].contains("is gone"), "{told:?}");
}
