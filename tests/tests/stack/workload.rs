use serde_json::Value;

use crate::render::Rendered;

/// A thing that runs pods, or a pod.
#[derive(Debug, Clone, Copy)]
pub struct Workload<'a> {
    pub object: &'a Value,
    /// The labels and the spec of its pods.
    pub pod: &'a Value,
}

impl<'a> Workload<'a> {
    pub fn all(rendered: &'a Rendered) -> Vec<Self> {
        rendered.objects.iter().filter_map(Self::of).collect()
    }

    fn of(object: &'a Value) -> Option<Self> {
        let pod = match object["kind"].as_str()? {
            "Pod" => object,
            "Deployment" | "StatefulSet" | "DaemonSet" | "Job" => &object["spec"]["template"],
            "CronJob" => &object["spec"]["jobTemplate"]["spec"]["template"],
            _ => return None,
        };
        Some(Self { object, pod })
    }

    pub fn kind(self) -> &'a str {
        self.object["kind"].as_str().unwrap()
    }

    pub fn name(self) -> &'a str {
        self.object["metadata"]["name"].as_str().unwrap()
    }

    /// For ever, until somebody stops it.
    pub fn serves(self) -> bool {
        matches!(self.kind(), "Deployment" | "StatefulSet" | "DaemonSet")
    }

    pub fn main_containers(self) -> &'a [Value] {
        list(&self.pod["spec"]["containers"])
    }

    pub fn containers(self) -> impl Iterator<Item = &'a Value> {
        list(&self.pod["spec"]["initContainers"]).iter().chain(self.main_containers())
    }

    pub fn volumes(self) -> &'a [Value] {
        list(&self.pod["spec"]["volumes"])
    }

    pub fn is_selected_by(self, labels: &Value) -> bool {
        labels.as_object().into_iter().flatten().all(|(key, value)| self.pod["metadata"]["labels"][key] == *value)
    }
}

/// The items of a list that may be absent.
pub fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
