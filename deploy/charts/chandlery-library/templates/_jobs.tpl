{{/*
The pod template of a job that works on the application: with its image, files and rights. Takes what "chandlery.container"
takes of image, tag, command, env and mounts, and
  container, component  the job's name
  initContainers, volumes  YAML lists as text
  resources, preset  the job's own
  restartPolicy  OnFailure if it is not named
*/}}
{{- define "chandlery.jobPod" -}}
{{- $values := default .root.Values .values -}}
metadata:
  labels:
    {{- include "chandlery.podLabels" . | nindent 4 }}
    {{- with $values.podLabels }}
    {{- tpl (toYaml .) $.root | nindent 4 }}
    {{- end }}
spec:
  {{- include "chandlery.pod" (dict "root" .root "component" .component "image" .image "affinity" .affinity "values" (omit $values "podAntiAffinityPreset" "topologySpreadConstraints" "terminationGracePeriodSeconds")) | nindent 2 }}
  restartPolicy: {{ default "OnFailure" .restartPolicy }}
  {{- with .initContainers }}
  initContainers:
    {{- . | nindent 4 }}
  {{- end }}
  containers:
    - name: {{ .container }}
      image: {{ include "chandlery.image" (dict "root" .root "image" .image "key" .key "tag" .tag) | quote }}
      imagePullPolicy: {{ default "IfNotPresent" .image.pullPolicy }}
      {{- with include "chandlery.securityContext" $values.containerSecurityContext }}
      securityContext:
        {{- . | nindent 8 }}
      {{- end }}
      command:
        {{- .command | nindent 8 }}
      {{- with .env }}
      env:
        {{- . | nindent 8 }}
      {{- end }}
      {{- with include "chandlery.resources" (dict "resources" .resources "preset" .preset) }}
      resources:
        {{- . | nindent 8 }}
      {{- end }}
      {{- with .mounts }}
      volumeMounts:
        {{- . | nindent 8 }}
      {{- end }}
  {{- with .volumes }}
  volumes:
    {{- . | nindent 4 }}
  {{- end }}
{{- end -}}

{{/*
A Job that runs after an installation and after every upgrade, and finds out itself whether there is something to do.
Takes what "chandlery.jobPod" takes, and weight.
*/}}
{{- define "chandlery.hookJob" -}}
apiVersion: batch/v1
kind: Job
metadata:
  {{- include "chandlery.metadata" (dict "root" .root "component" .component "annotations" (dict "helm.sh/hook" (default "post-install,post-upgrade" .hook) "helm.sh/hook-weight" (default "0" .weight) "helm.sh/hook-delete-policy" "before-hook-creation")) | nindent 2 }}
spec:
  backoffLimit: 10
  activeDeadlineSeconds: {{ default 1800 .deadline }}
  template:
    {{- include "chandlery.jobPod" . | nindent 4 }}
{{- end -}}

{{/* A CronJob, one run at a time. Takes what "chandlery.jobPod" takes, and schedule. */}}
{{- define "chandlery.cronJob" -}}
apiVersion: batch/v1
kind: CronJob
metadata:
  {{- include "chandlery.metadata" (dict "root" .root "component" .component) | nindent 2 }}
spec:
  schedule: {{ .schedule | quote }}
  concurrencyPolicy: Forbid
  startingDeadlineSeconds: 300
  successfulJobsHistoryLimit: 1
  failedJobsHistoryLimit: 3
  jobTemplate:
    spec:
      backoffLimit: 1
      activeDeadlineSeconds: {{ default 3600 .deadline }}
      template:
        {{- include "chandlery.jobPod" (merge (dict "restartPolicy" "Never") .) | nindent 8 }}
{{- end -}}

{{/* A job of `helm test`. Takes what "chandlery.jobPod" takes; component is the test's name. */}}
{{- define "chandlery.testPod" -}}
apiVersion: v1
kind: Pod
{{- $pod := fromYaml (include "chandlery.jobPod" (merge (dict "restartPolicy" "Never") .)) }}
metadata:
  {{- include "chandlery.metadata" (dict "root" .root "component" .component "labels" (default (dict) (default .root.Values .values).podLabels) "annotations" (dict "helm.sh/hook" "test" "helm.sh/hook-delete-policy" "before-hook-creation,hook-succeeded")) | nindent 2 }}
spec:
  {{- toYaml $pod.spec | nindent 2 }}
{{- end -}}

{{/* The affinity of a job that shares a volume of one node with the application. Takes a scope; empty for a volume of many. */}}
{{- define "chandlery.besideWeb" -}}
{{- $persistence := .root.Values.persistence -}}
{{- if and $persistence.enabled (not (has "ReadWriteMany" $persistence.accessModes)) -}}
podAffinity:
  requiredDuringSchedulingIgnoredDuringExecution:
    - topologyKey: kubernetes.io/hostname
      labelSelector:
        matchLabels:
          {{- include "chandlery.selector" (dict "root" .root) | nindent 10 }}
{{- end -}}
{{- end -}}
