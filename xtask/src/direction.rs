use std::collections::{BTreeSet, HashMap};
use std::fs;

use anyhow::{Context, Result, bail, ensure};

use crate::workspace::{DependencyKind, Workspace};

/// What a crate of ours may use.
struct Rule {
    package: &'static str,
    /// Which of our crates, for whatever purpose.
    ours: &'static [&'static str],
    /// Beginnings of package names that its normal dependency tree must not hold.
    never: &'static [&'static str],
}

/// The arrows of ARCHITECTURE.md.
const RULES: &[Rule] = &[
    Rule {
        package: "chart",
        ours: &[],
        never: &["tokio", "async-", "axum", "hyper", "http", "tower", "sqlx", "libsqlite3-sys", "aws-", "reqwest"],
    },
    Rule { package: "storage", ours: &[], never: &["axum", "sqlx", "libsqlite3-sys", "aws-"] },
    Rule { package: "storage-s3", ours: &["storage", "storage-s3"], never: &["axum", "sqlx", "libsqlite3-sys"] },
    Rule { package: "catalogue", ours: &["chart", "storage"], never: &["axum"] },
    Rule {
        package: "stack",
        ours: &["chart"],
        never: &["tokio", "async-", "axum", "hyper", "http", "tower", "sqlx", "libsqlite3-sys", "aws-", "reqwest"],
    },
    Rule { package: "server", ours: &["chart", "storage", "storage-s3", "catalogue", "stack"], never: &[] },
    Rule {
        package: "acceptance",
        ours: &["chart", "storage", "storage-s3", "catalogue", "stack", "server"],
        never: &[],
    },
    Rule { package: "xtask", ours: &["chart", "storage", "catalogue"], never: &["axum"] },
];

/// Older releases bundle an SQLite that can corrupt its file when the log is reset.
const LIBSQLITE3_SYS: (u64, u64, u64) = (0, 37, 0);
const SQLITE: (u64, u64, u64) = (3, 51, 3);

/// Refuses dependencies that point the wrong way.
pub fn check(workspace: &Workspace) -> Result<()> {
    eprintln!("==> dependency direction");
    let graph = Graph::new(workspace);
    let mut wrong = Vec::new();
    for member in &workspace.members {
        let package = workspace.package(member)?;
        let rule = RULES
            .iter()
            .find(|rule| rule.package == package.name)
            .with_context(|| format!("no rule says what the crate {} may use: {}", package.name, file!()))?;
        for used in graph.direct(member, |_| true) {
            let name = graph.name(used);
            if workspace.members.iter().any(|id| id == used) && !rule.ours.contains(&name) {
                wrong.push(format!("{} may not use {name}", package.name));
            }
        }
        for used in graph.normal_tree(member) {
            let name = graph.name(used);
            if rule.never.iter().any(|prefix| name.starts_with(prefix)) {
                wrong.push(format!("{} may not have {name} in its dependency tree", package.name));
            }
        }
    }
    ensure!(wrong.is_empty(), "dependencies point the wrong way:\n  {}", wrong.join("\n  "));
    sqlite(workspace)
}

/// The bindings and the library that they bundle are recent enough.
fn sqlite(workspace: &Workspace) -> Result<()> {
    for package in workspace.packages.iter().filter(|package| package.name == "libsqlite3-sys") {
        let bindings = version(&package.version)?;
        ensure!(bindings >= LIBSQLITE3_SYS, "libsqlite3-sys {} is older than {LIBSQLITE3_SYS:?}", package.version);
        let header = workspace.folder(package).join("sqlite3/sqlite3.h");
        let text = fs::read_to_string(&header).with_context(|| format!("cannot read {}", header.display()))?;
        let bundled = text
            .lines()
            .find_map(|line| line.strip_prefix("#define SQLITE_VERSION "))
            .context("sqlite3.h names no version")?
            .trim()
            .trim_matches('"');
        ensure!(version(bundled)? >= SQLITE, "the bundled SQLite {bundled} is older than {SQLITE:?}");
    }
    Ok(())
}

fn version(text: &str) -> Result<(u64, u64, u64)> {
    let parts: Vec<u64> = text
        .split(['.', '-', '+'])
        .take(3)
        .map(str::parse)
        .collect::<Result<_, _>>()
        .with_context(|| format!("{text} is no version"))?;
    match parts[..] {
        [major, minor, patch] => Ok((major, minor, patch)),
        _ => bail!("{text} is no version"),
    }
}

struct Graph<'a> {
    names: HashMap<&'a str, &'a str>,
    edges: HashMap<&'a str, Vec<(&'a str, &'a [DependencyKind])>>,
}

impl<'a> Graph<'a> {
    fn new(workspace: &'a Workspace) -> Self {
        let names = workspace.packages.iter().map(|package| (&*package.id, &*package.name)).collect();
        let edges = workspace.resolve.nodes.iter().map(|node| {
            (&*node.id, node.deps.iter().map(|dependency| (&*dependency.pkg, &*dependency.dep_kinds)).collect())
        });
        Self { names, edges: edges.collect() }
    }

    fn name(&self, id: &str) -> &'a str {
        self.names.get(id).copied().unwrap_or_default()
    }

    fn direct(&self, id: &str, kind: impl Fn(&DependencyKind) -> bool) -> Vec<&'a str> {
        let edges = self.edges.get(id).into_iter().flatten();
        edges.filter(|(_, kinds)| kinds.iter().any(&kind)).map(|(id, _)| *id).collect()
    }

    /// Everything that is linked into the package: no dev and no build dependencies, and nothing below a
    /// procedural macro's own tree is told apart, which only makes the check stricter.
    fn normal_tree(&self, id: &str) -> BTreeSet<&'a str> {
        let mut seen = BTreeSet::new();
        let mut open = self.direct(id, |kind| kind.kind.is_none());
        while let Some(id) = open.pop() {
            if seen.insert(id) {
                open.extend(self.direct(id, |kind| kind.kind.is_none()));
            }
        }
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::{check, version};
    use crate::workspace::{Dependency, DependencyKind, Node, Package, Resolve, Workspace};

    /// A workspace of the named members and packages, with (from, to, kind) between them.
    fn workspace(members: &[&str], packages: &[&str], edges: &[(&str, &str, Option<&str>)]) -> Workspace {
        let all = members.iter().chain(packages);
        Workspace {
            root: "/nowhere".into(),
            target: "/nowhere/target".into(),
            members: members.iter().map(|name| (*name).to_owned()).collect(),
            packages: all
                .clone()
                .map(|name| Package {
                    id: (*name).to_owned(),
                    name: (*name).to_owned(),
                    version: "1.0.0".to_owned(),
                    manifest_path: "/nowhere/Cargo.toml".into(),
                })
                .collect(),
            resolve: Resolve {
                nodes: all
                    .map(|name| Node {
                        id: (*name).to_owned(),
                        deps: edges
                            .iter()
                            .filter(|(from, _, _)| from == name)
                            .map(|(_, to, kind)| Dependency {
                                pkg: (*to).to_owned(),
                                dep_kinds: vec![DependencyKind { kind: kind.map(str::to_owned) }],
                            })
                            .collect(),
                    })
                    .collect(),
            },
        }
    }

    #[test]
    fn the_arrows_of_the_architecture_are_allowed() {
        let edges = [("server", "catalogue", None), ("catalogue", "chart", None), ("acceptance", "server", None)];
        check(&workspace(&["chart", "catalogue", "server", "acceptance"], &[], &edges)).unwrap();
    }

    #[test]
    fn an_arrow_the_wrong_way_is_refused_even_for_tests() {
        let edges = [("catalogue", "server", Some("dev"))];
        let error = check(&workspace(&["catalogue", "server"], &[], &edges)).unwrap_err();
        assert!(error.to_string().contains("catalogue may not use server"), "{error}");
    }

    #[test]
    fn a_runtime_deep_in_the_tree_of_the_formats_is_refused() {
        let edges = [("chart", "innocent", None), ("innocent", "tokio", None)];
        let error = check(&workspace(&["chart"], &["innocent", "tokio"], &edges)).unwrap_err();
        assert!(error.to_string().contains("chart may not have tokio in its dependency tree"), "{error}");
    }

    #[test]
    fn a_runtime_that_only_tests_use_is_allowed() {
        let edges = [("chart", "innocent", Some("dev")), ("innocent", "tokio", None)];
        check(&workspace(&["chart"], &["innocent", "tokio"], &edges)).unwrap();
    }

    #[test]
    fn a_new_crate_needs_a_rule() {
        assert!(check(&workspace(&["newcomer"], &[], &[])).is_err());
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(version("0.37.0").unwrap() > version("0.4.12").unwrap());
        assert!(version("3.51").is_err());
    }
}
