//! The server's own chart, against the server.

use std::fs;
use std::path::Path;

use crate::render::rendered;
use crate::workload::{Workload, list};

/// The variables of all settings: the second column of the README's table, which is checked against the server.
fn variables() -> Vec<String> {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")).unwrap();
    let rows = readme.lines().filter(|line| line.starts_with("| `--"));
    let variables: Vec<_> =
        rows.filter_map(|row| Some(row.split('|').nth(2)?.trim().trim_matches('`').to_owned())).collect();
    assert!(variables.iter().any(|variable| variable == "PORT"));
    variables
}

#[test]
fn what_the_chart_sets_is_a_setting_of_the_server() {
    let variables = variables();
    for rendered in rendered().iter().filter(|rendered| rendered.case.chart == "chandlery") {
        for workload in Workload::all(rendered).into_iter().filter(|workload| workload.serves()) {
            for variable in list(&workload.main_containers()[0]["env"]) {
                let name = variable["name"].as_str().unwrap();
                // The bucket's library reads these.
                let of_aws = name.starts_with("AWS_");
                assert!(of_aws || variables.iter().any(|known| known == name), "{:?}: {name}", rendered.case);
            }
        }
    }
}
