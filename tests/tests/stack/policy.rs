//! What holds for every object of every case, unless the case's values switch it off.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use crate::render::{Case, Rendered, folder, rendered};
use crate::workload::{Workload, list};

/// What charts may be made of: in every Kubernetes that they promise, or of an operator that they name.
const KINDS: &[&str] = &[
    "apps/v1 Deployment",
    "apps/v1 StatefulSet",
    "autoscaling/v2 HorizontalPodAutoscaler",
    "batch/v1 CronJob",
    "batch/v1 Job",
    "networking.k8s.io/v1 Ingress",
    "networking.k8s.io/v1 NetworkPolicy",
    "policy/v1 PodDisruptionBudget",
    "rbac.authorization.k8s.io/v1 Role",
    "rbac.authorization.k8s.io/v1 RoleBinding",
    "v1 ConfigMap",
    "v1 LimitRange",
    "v1 Namespace",
    "v1 PersistentVolumeClaim",
    "v1 Pod",
    "v1 ResourceQuota",
    "v1 Secret",
    "v1 Service",
    "v1 ServiceAccount",
    "cert-manager.io/v1 Certificate",
    "cert-manager.io/v1 ClusterIssuer",
    "gateway.networking.k8s.io/v1 Gateway",
    "gateway.networking.k8s.io/v1 HTTPRoute",
    "keda.sh/v1alpha1 ScaledObject",
    "monitoring.coreos.com/v1 ServiceMonitor",
];
/// Volumes that Pod Security's level "restricted" allows.
const VOLUMES: &[&str] =
    &["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"];

/// Looks at each case, and names it if something is wrong.
fn everywhere(check: impl Fn(&Rendered)) {
    for rendered in rendered() {
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(rendered)));
        assert!(outcome.is_ok(), "in {:?}", rendered.case);
    }
}

/// A value that the case sets, by dotted key.
fn value(case: &Case, key: &str) -> Value {
    let text = fs::read_to_string(folder().join(&case.chart).join(&case.values)).unwrap();
    let values: Value = serde_yaml::from_str(&text).unwrap();
    key.split('.').fold(values, |value, part| value[part].clone())
}

#[test]
fn every_object_is_of_a_kind_that_the_promised_kubernetes_versions_have() {
    everywhere(|rendered| {
        for object in &rendered.objects {
            let kind = format!("{} {}", object["apiVersion"].as_str().unwrap(), object["kind"].as_str().unwrap());
            assert!(KINDS.contains(&kind.as_str()), "{kind}");
        }
    });
}

#[test]
fn names_are_short_enough_and_used_once() {
    everywhere(|rendered| {
        let mut seen = BTreeSet::new();
        for object in &rendered.objects {
            let name = object["metadata"]["name"].as_str().unwrap();
            assert!((1..=63).contains(&name.len()), "{name}");
            let place = object["metadata"]["namespace"].as_str();
            assert!(seen.insert((object["kind"].as_str().unwrap(), place, name)), "{} {name} twice", object["kind"]);
        }
    });
}

#[test]
fn every_container_passes_pod_security_restricted_on_a_read_only_root() {
    everywhere(|rendered| {
        for workload in Workload::all(rendered) {
            let spec = &workload.pod["spec"];
            for key in ["hostNetwork", "hostPID", "hostIPC"] {
                assert_ne!(spec[key], true, "{}: {key}", workload.name());
            }
            for container in workload.containers() {
                let name = format!("{} {}", workload.name(), container["name"]);
                let context = &container["securityContext"];
                assert_eq!(context["runAsNonRoot"], true, "{name}");
                assert_ne!(context["runAsUser"], 0, "{name}");
                assert_eq!(context["readOnlyRootFilesystem"], true, "{name}");
                assert_eq!(context["allowPrivilegeEscalation"], false, "{name}");
                assert_ne!(context["privileged"], true, "{name}");
                assert_eq!(context["capabilities"], json!({"drop": ["ALL"]}), "{name}");
                assert_eq!(context["seccompProfile"]["type"], "RuntimeDefault", "{name}");
                for port in list(&container["ports"]) {
                    assert!(
                        port["hostPort"].is_null() && port["containerPort"].as_u64().unwrap() > 1023,
                        "{name}: {port}"
                    );
                }
            }
            for volume in workload.volumes() {
                let kinds = volume.as_object().unwrap().keys().filter(|key| *key != "name");
                for kind in kinds {
                    assert!(VOLUMES.contains(&kind.as_str()), "{}: {kind}", workload.name());
                }
            }
        }
    });
}

#[test]
fn no_pod_gets_a_token_that_it_does_not_need() {
    everywhere(|rendered| {
        for workload in Workload::all(rendered) {
            let wanted = value(&rendered.case, "automountServiceAccountToken") == true;
            assert_eq!(workload.pod["spec"]["automountServiceAccountToken"], wanted, "{}", workload.name());
        }
    });
}

#[test]
fn every_image_has_a_fixed_version() {
    everywhere(|rendered| {
        for workload in Workload::all(rendered) {
            for container in workload.containers() {
                let image = container["image"].as_str().unwrap();
                let (_, last) = image.rsplit_once('/').unwrap();
                let fixed = last.contains("@sha256:") || last.split_once(':').is_some_and(|(_, tag)| tag != "latest");
                assert!(fixed, "{image}");
            }
        }
    });
}

#[test]
fn memory_is_limited_cpu_is_not_and_both_are_requested() {
    everywhere(|rendered| {
        for workload in Workload::all(rendered) {
            for container in workload.containers() {
                let resources = &container["resources"];
                let name = format!("{} {}", workload.name(), container["name"]);
                assert!(!resources["requests"]["cpu"].is_null(), "{name} requests no CPU");
                assert!(!resources["requests"]["memory"].is_null(), "{name} requests no memory");
                assert!(!resources["limits"]["memory"].is_null(), "{name} has no limit of memory");
                assert!(resources["limits"]["cpu"].is_null(), "{name} has a limit of CPU");
            }
        }
    });
}

#[test]
fn what_serves_is_probed() {
    everywhere(|rendered| {
        for workload in Workload::all(rendered).into_iter().filter(|workload| workload.serves()) {
            for container in workload.main_containers() {
                let diagnosed = container["command"] == json!(["sleep"]);
                for probe in ["livenessProbe", "readinessProbe"] {
                    let probed = !container[probe].is_null();
                    assert!(probed || diagnosed, "{} {} has no {probe}", workload.name(), container["name"]);
                }
            }
        }
    });
}

#[test]
fn passwords_are_references_or_files_and_never_stand_in_a_pod() {
    everywhere(|rendered| {
        for workload in Workload::all(rendered) {
            for variable in workload.containers().flat_map(|container| list(&container["env"])) {
                let name = variable["name"].as_str().unwrap();
                let secret = ["PASS", "SECRET", "TOKEN"].iter().any(|part| name.contains(part));
                let harmless = variable["value"].is_null() || name.ends_with("_FILE");
                assert!(!secret || harmless, "{}: {name}", workload.name());
            }
        }
        let text = rendered.objects.iter().filter(|object| object["kind"] != "Secret").map(ToString::to_string);
        assert!(!text.collect::<String>().contains("$example"), "a password of the case is outside a Secret");
    });
}

#[test]
fn services_are_inside_the_cluster_and_lead_to_pods() {
    everywhere(|rendered| {
        let workloads = Workload::all(rendered);
        for service in rendered.objects.iter().filter(|object| object["kind"] == "Service") {
            let name = &service["metadata"]["name"];
            assert_eq!(service["spec"]["type"], "ClusterIP", "{name}");
            let selected: Vec<_> =
                workloads.iter().filter(|workload| workload.is_selected_by(&service["spec"]["selector"])).collect();
            assert_eq!(selected.len(), 1, "{name} leads to {}", selected.len());
            let ports: Vec<_> =
                selected[0].main_containers().iter().flat_map(|container| list(&container["ports"])).collect();
            for port in list(&service["spec"]["ports"]) {
                let target = &port["targetPort"];
                assert!(
                    ports.iter().any(|port| port["name"] == *target || port["containerPort"] == *target),
                    "{name}: {target}"
                );
            }
        }
    });
}

#[test]
fn workloads_select_their_own_pods() {
    everywhere(|rendered| {
        let workloads = Workload::all(rendered);
        for workload in workloads.iter().filter(|workload| workload.serves()) {
            let labels = &workload.object["spec"]["selector"]["matchLabels"];
            let selected: Vec<_> = workloads.iter().filter(|other| other.is_selected_by(labels)).collect();
            assert!(selected.len() == 1 && selected[0].name() == workload.name(), "{}", workload.name());
        }
    });
}

#[test]
fn a_network_policy_holds_for_every_pod_in_both_directions() {
    everywhere(|rendered| {
        if value(&rendered.case, "networkPolicy.enabled") == false {
            return;
        }
        let policies: Vec<_> = rendered.objects.iter().filter(|object| object["kind"] == "NetworkPolicy").collect();
        for workload in Workload::all(rendered) {
            let held = policies.iter().any(|policy| {
                workload.is_selected_by(&policy["spec"]["podSelector"]["matchLabels"])
                    && policy["spec"]["policyTypes"] == json!(["Ingress", "Egress"])
            });
            assert!(held, "{} has no network policy", workload.name());
        }
    });
}

#[test]
fn a_disruption_budget_leaves_a_pod_to_evict() {
    everywhere(|rendered| {
        for budget in rendered.objects.iter().filter(|object| object["kind"] == "PodDisruptionBudget") {
            let labels = &budget["spec"]["selector"]["matchLabels"];
            let workloads = Workload::all(rendered);
            let held: Vec<_> = workloads.iter().filter(|workload| workload.is_selected_by(labels)).collect();
            assert_eq!(held.len(), 1, "{}", budget["metadata"]["name"]);
            let replicas = &held[0].object["spec"]["replicas"];
            assert!(replicas.is_null() || replicas.as_u64().unwrap() > 1, "{replicas} replicas");
        }
    });
}

#[test]
fn a_workload_has_one_autoscaler_and_then_no_number_of_its_own() {
    everywhere(|rendered| {
        let mut scaled = BTreeSet::new();
        let scalers = ["HorizontalPodAutoscaler", "ScaledObject"];
        for scaler in rendered.objects.iter().filter(|object| scalers.contains(&object["kind"].as_str().unwrap())) {
            let target = scaler["spec"]["scaleTargetRef"]["name"].as_str().unwrap();
            assert!(scaled.insert(target), "{target} has two autoscalers");
        }
        for workload in Workload::all(rendered).into_iter().filter(|workload| workload.serves()) {
            let replicas = &workload.object["spec"]["replicas"];
            assert_eq!(replicas.is_null(), scaled.remove(workload.name()), "{}", workload.name());
        }
        assert!(scaled.is_empty(), "autoscalers of nothing: {scaled:?}");
    });
}

#[test]
fn mounted_volumes_are_there() {
    everywhere(|rendered| {
        for workload in Workload::all(rendered) {
            let mut volumes: BTreeSet<_> = workload.volumes().iter().map(|volume| volume["name"].to_string()).collect();
            let claims = list(&workload.object["spec"]["volumeClaimTemplates"]);
            volumes.extend(claims.iter().map(|claim| claim["metadata"]["name"].to_string()));
            let mounted: BTreeSet<_> = workload
                .containers()
                .flat_map(|container| list(&container["volumeMounts"]))
                .map(|mount| mount["name"].to_string())
                .collect();
            assert_eq!(mounted, volumes, "{}", workload.name());
        }
    });
}
