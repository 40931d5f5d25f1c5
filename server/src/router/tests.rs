use std::collections::BTreeSet;

use serde_json::Value;

use super::routes;

fn contract() -> Value {
    serde_yaml::from_str(include_str!("../../../openapi.yaml")).unwrap()
}

/// Both ways: what the router has is described, and what is described exists.
#[test]
fn the_contract_has_every_route_and_no_other() {
    let contract = contract();
    let mut described = BTreeSet::new();
    for (path, operations) in contract["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            described.insert((method.to_uppercase(), path.clone()));
        }
    }
    let existing: BTreeSet<_> = routes().iter().map(|route| (route.method.to_owned(), route.path.to_owned())).collect();
    assert_eq!(existing, described);
    assert_eq!(existing.len(), routes().len(), "a route stands in the table twice");
}

/// A path says which parameters it has, and the contract describes just those.
#[test]
fn the_contract_describes_the_parameters_of_each_path() {
    let contract = contract();
    let mut ids = BTreeSet::new();
    for route in routes() {
        let operation = &contract["paths"][route.path][route.method.to_lowercase()];
        let in_path = |segment: &str| Some(segment.strip_prefix('{')?.strip_suffix('}')?.to_owned());
        let expected: BTreeSet<_> = route.path.split('/').filter_map(in_path).collect();
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let described: BTreeSet<_> = parameters
            .iter()
            .filter_map(|parameter| {
                let reference = parameter["$ref"].as_str()?.strip_prefix('#')?;
                let parameter = contract.pointer(reference).unwrap_or_else(|| panic!("{reference} is not there"));
                (parameter["in"] == "path").then(|| parameter["name"].as_str().unwrap().to_owned())
            })
            .collect();
        assert_eq!(described, expected, "{} {}", route.method, route.path);
        let id = operation["operationId"].as_str().unwrap();
        assert!(ids.insert(id.to_owned()), "{id} is used twice");
    }
}
