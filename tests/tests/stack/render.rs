use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex};

use acceptance::{HELM_3, HELM_4, Helm, Outcome};
use serde::Deserialize;
use serde_json::Value;

/// What charts are rendered for when a case does not say.
pub const KUBERNETES: &str = "1.36.0";
/// The oldest and the newest that charts promise.
const OTHER_KUBERNETES: [&str; 2] = ["1.33.0", "1.37.0"];
/// The library renders nothing itself.
pub const LIBRARY: &str = "chandlery-library";
/// Helm waits for nothing here, so more would only compete.
const WORKERS: usize = 2;

/// A chart with the values of one file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Case {
    pub chart: String,
    /// Below the chart.
    pub values: String,
}

/// What a case becomes.
#[derive(Debug)]
pub struct Rendered {
    pub case: Case,
    pub objects: Vec<Value>,
}

/// The charts as they are in the repository, each with its library, below a Helm's working folder.
#[derive(Debug)]
pub struct Workbench {
    helm: Helm,
}

static HELM_3_BENCH: LazyLock<Option<Workbench>> = LazyLock::new(|| Workbench::new(HELM_3));
static HELM_4_BENCH: LazyLock<Option<Workbench>> = LazyLock::new(|| Workbench::new(HELM_4));
static RENDERED: LazyLock<Vec<Rendered>> = LazyLock::new(|| {
    let Some(bench) = helm_4() else { return Vec::new() };
    each(&cases(), |case| Rendered { case: case.clone(), objects: bench.objects(case, KUBERNETES) })
});

pub fn helm_3() -> Option<&'static Workbench> {
    HELM_3_BENCH.as_ref()
}

pub fn helm_4() -> Option<&'static Workbench> {
    HELM_4_BENCH.as_ref()
}

/// All cases as Helm 4 renders them; none if it is not installed.
pub fn rendered() -> &'static [Rendered] {
    &RENDERED
}

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/charts")
}

pub fn charts() -> Vec<String> {
    let mut charts: Vec<_> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != LIBRARY)
        .collect();
    charts.sort();
    assert!(!charts.is_empty());
    charts
}

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for chart in charts() {
        let files =
            fs::read_dir(folder().join(&chart).join("ci")).unwrap_or_else(|error| panic!("{chart}/ci: {error}"));
        for file in files {
            let name = file.unwrap().file_name().into_string().unwrap();
            assert!(name.ends_with("-values.yaml"), "{chart}/ci/{name} is not called …-values.yaml");
            cases.push(Case { chart: chart.clone(), values: format!("ci/{name}") });
        }
    }
    cases.sort();
    cases
}

/// Does the same for each, some at a time; results in the order of the items.
pub fn each<Item: Sync, Result: Send>(items: &[Item], work: impl Fn(&Item) -> Result + Sync) -> Vec<Result> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some((place, item)) =
                    Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|n| Some((n, items.get(n)?)))
                {
                    let result = work(item);
                    results.lock().unwrap().push((place, result));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap();
    results.sort_by_key(|(place, _)| *place);
    results.into_iter().map(|(_, result)| result).collect()
}

impl Workbench {
    fn new(version: &str) -> Option<Self> {
        let helm = Helm::release(version)?;
        let place = helm.folder().join("charts");
        copy(&folder(), &place);
        each(&charts(), |chart| helm.ok(&["dependency", "build", &format!("charts/{chart}")]));
        Some(Self { helm })
    }

    /// `helm template` with further arguments.
    pub fn template(&self, case: &Case, kubernetes: &str, further: &[&str]) -> Outcome {
        let (chart, values) = case.arguments();
        let arguments =
            ["template", "shop", &chart, "--namespace", "shops", "--kube-version", kubernetes, "-f", &values];
        self.helm.run(&[&arguments[..], further].concat())
    }

    #[track_caller]
    fn objects(&self, case: &Case, kubernetes: &str) -> Vec<Value> {
        let outcome = self.template(case, kubernetes, &[]);
        assert!(outcome.success, "{case:?} for {kubernetes}: {}", outcome.stderr);
        documents(&outcome.stdout)
    }

    #[track_caller]
    fn lint(&self, case: &Case) {
        let (chart, values) = case.arguments();
        self.helm.ok(&["lint", "--strict", &chart, "--kube-version", KUBERNETES, "-f", &values]);
    }
}

impl Case {
    fn arguments(&self) -> (String, String) {
        (format!("charts/{}", self.chart), format!("charts/{}/{}", self.chart, self.values))
    }
}

/// The objects of a stream, in an order that does not depend on Helm's.
fn documents(text: &str) -> Vec<Value> {
    let mut objects: Vec<Value> = serde_yaml::Deserializer::from_str(text)
        .map(|document| Value::deserialize(document).unwrap())
        .filter(|object| !object.is_null())
        .collect();
    objects.sort_by_key(ToString::to_string);
    objects
}

/// A folder without what Helm has made in it on this machine.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (name, target) = (entry.file_name(), to.join(entry.file_name()));
        let made = from != folder() && (name == "charts" || name == "Chart.lock");
        if entry.file_type().unwrap().is_dir() {
            if !made {
                copy(&entry.path(), &target);
            }
        } else if !made {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn every_case_is_linted_without_a_warning() {
    let Some(bench) = helm_4() else { return };
    each(&cases(), |case| bench.lint(case));
}

/// One case of each chart: what it renders is compared for all of them.
#[test]
fn helm_3_lints_every_chart_too() {
    let Some(bench) = helm_3() else { return };
    each(&charts(), |chart| bench.lint(&Case { chart: chart.clone(), values: "ci/default-values.yaml".to_owned() }));
}

#[test]
fn helm_3_renders_what_helm_4_renders() {
    let Some(bench) = helm_3() else { return };
    each(rendered(), |rendered| {
        let objects = bench.objects(&rendered.case, KUBERNETES);
        assert_eq!(objects.len(), rendered.objects.len(), "{:?}", rendered.case);
        for (by_helm_3, by_helm_4) in objects.iter().zip(&rendered.objects) {
            assert_eq!(by_helm_3, by_helm_4, "{:?}", rendered.case);
        }
    });
}

#[test]
fn every_chart_renders_for_the_oldest_and_the_newest_kubernetes() {
    let Some(bench) = helm_4() else { return };
    each(&charts(), |chart| {
        let case = Case { chart: chart.clone(), values: "ci/default-values.yaml".to_owned() };
        for kubernetes in OTHER_KUBERNETES {
            assert!(!bench.objects(&case, kubernetes).is_empty(), "{chart} for {kubernetes} is empty");
        }
        let outcome = bench.template(&case, "1.32.9", &[]);
        assert!(outcome.stderr.contains("kubeVersion"), "{chart} for 1.32: {}", outcome.stderr);
    });
}
