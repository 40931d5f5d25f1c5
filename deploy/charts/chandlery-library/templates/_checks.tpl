{{/*
Sentences that end a render. Each says which value to set.
*/}}

{{/* A host name, or none. Takes host and key. */}}
{{- define "chandlery.checkHost" -}}
{{- if and .host (not (regexMatch "^(\\*\\.)?[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$" .host)) -}}
{{- fail (printf "\n\n%s is %q, which is no host name: set it to lower-case labels with dots between, such as shop.example.com, without scheme, port and path." .key .host) -}}
{{- end -}}
{{- end -}}

{{/* How many pods there can be at a time. Takes a scope. */}}
{{- define "chandlery.mostReplicas" -}}
{{- $values := default .root.Values .values -}}
{{- if ($values.autoscaling).enabled -}}
{{- $values.autoscaling.maxReplicas -}}
{{- else -}}
{{- $values.replicaCount -}}
{{- end -}}
{{- end -}}

{{/* How many pods there are at least. Takes a scope. */}}
{{- define "chandlery.fewestReplicas" -}}
{{- $values := default .root.Values .values -}}
{{- if ($values.autoscaling).enabled -}}
{{- $values.autoscaling.minReplicas -}}
{{- else -}}
{{- $values.replicaCount -}}
{{- end -}}
{{- end -}}

{{/* Several pods need a volume that several nodes can mount. Takes a scope. */}}
{{- define "chandlery.checkVolume" -}}
{{- $values := default .root.Values .values -}}
{{- $most := include "chandlery.mostReplicas" . | int -}}
{{- $persistence := $values.persistence -}}
{{- if gt $most 1 -}}
{{- if not $persistence.enabled -}}
{{- fail (printf "\n\n%d replicas without a volume would each have files of their own: set persistence.enabled to true and persistence.accessModes to [ReadWriteMany], or run one replica." $most) -}}
{{- else if not (or (has "ReadWriteMany" $persistence.accessModes) (has "ReadOnlyMany" $persistence.accessModes)) -}}
{{- fail (printf "\n\n%d replicas cannot share a volume with access mode %s: set persistence.accessModes to [ReadWriteMany] with a storage class that has it, or run one replica." $most (join ", " $persistence.accessModes)) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* One autoscaler, with something to go by. Takes a scope. */}}
{{- define "chandlery.checkAutoscaling" -}}
{{- $values := default .root.Values .values -}}
{{- with $values.autoscaling -}}
{{- if .enabled -}}
{{- if not (has .type (list "hpa" "keda")) -}}
{{- fail (printf "\n\nautoscaling.type is %q: set it to hpa or to keda. Two autoscalers on one workload undo each other's work." (toString .type)) -}}
{{- end -}}
{{- if and (eq .type "hpa") .requestsPerSecond.target -}}
{{- fail "\n\nautoscaling.requestsPerSecond.target needs KEDA, and an HPA beside it would be a second autoscaler: set autoscaling.type to keda, or leave the target empty." -}}
{{- end -}}
{{- if and .requestsPerSecond.target (not .requestsPerSecond.serverAddress) -}}
{{- fail "\n\nautoscaling.requestsPerSecond.target is set, but not where Traefik's counters are: set autoscaling.requestsPerSecond.serverAddress to Prometheus' address." -}}
{{- end -}}
{{- if not (or .targetCPU .targetMemory .requestsPerSecond.target) -}}
{{- fail "\n\nThe autoscaler has nothing to go by: set autoscaling.targetCPU, autoscaling.targetMemory, or with KEDA autoscaling.requestsPerSecond.target." -}}
{{- end -}}
{{- if gt (int .minReplicas) (int .maxReplicas) -}}
{{- fail (printf "\n\nautoscaling.minReplicas is %d and autoscaling.maxReplicas %d: set the first no higher than the second." (int .minReplicas) (int .maxReplicas)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Host names of both kinds of routes. Takes a scope. */}}
{{- define "chandlery.checkRoutes" -}}
{{- $values := default .root.Values .values -}}
{{- with $values.ingress -}}
{{- if and .enabled (not .hostname) -}}
{{- fail "\n\nThe Ingress has no host name: set ingress.hostname, for example to shop.example.com." -}}
{{- end -}}
{{- include "chandlery.checkHost" (dict "host" .hostname "key" "ingress.hostname") -}}
{{- range .extraHosts -}}
{{- include "chandlery.checkHost" (dict "host" .name "key" "ingress.extraHosts[].name") -}}
{{- end -}}
{{- end -}}
{{- with $values.httpRoute -}}
{{- if and .enabled (not .parentRefs) -}}
{{- fail "\n\nThe HTTPRoute belongs to no gateway: set httpRoute.parentRefs, for example to [{name: gateway, namespace: gateway}]." -}}
{{- end -}}
{{- range .hostnames -}}
{{- include "chandlery.checkHost" (dict "host" . "key" "httpRoute.hostnames") -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The sub-chart that Bitnami's charts bring. Takes the root context. */}}
{{- define "chandlery.checkSubchart" -}}
{{- if (.Values.mariadb).enabled -}}
{{- fail "\n\nmariadb.enabled would give this release a database of its own: install the chart mariadb as a release beside it, and set externalDatabase.host, and externalDatabase.existingSecret." -}}
{{- end -}}
{{- end -}}
