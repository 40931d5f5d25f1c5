{{/*
Where pods run and as whom: the part of a pod's spec that all workloads share. Takes a scope, and
  image     the values of the image, for its pull secrets
  affinity  used if the values have none
*/}}
{{- define "chandlery.pod" -}}
{{- $values := default .root.Values .values -}}
serviceAccountName: {{ include "chandlery.accountName" .root }}
automountServiceAccountToken: {{ default false .root.Values.automountServiceAccountToken }}
enableServiceLinks: false
{{- include "chandlery.pullSecrets" (dict "root" .root "image" .image) }}
{{- /* The profile holds for containers of the user too. */}}
{{- with include "chandlery.securityContext" (merge (dict) (default (dict) $values.podSecurityContext) (dict "seccompProfile" (dict "type" "RuntimeDefault"))) }}
securityContext:
  {{- . | nindent 2 }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $values.schedulerName }}
schedulerName: {{ . }}
{{- end }}
{{- with $values.terminationGracePeriodSeconds }}
terminationGracePeriodSeconds: {{ . }}
{{- end }}
{{- with $values.hostAliases }}
hostAliases:
  {{- tpl (toYaml .) $.root | nindent 2 }}
{{- end }}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- tpl (toYaml .) $.root | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations:
  {{- tpl (toYaml .) $.root | nindent 2 }}
{{- end }}
{{- with $values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- tpl (toYaml .) $.root | nindent 2 }}
{{- end }}
{{- if $values.affinity }}
affinity:
  {{- tpl (toYaml $values.affinity) .root | nindent 2 }}
{{- else if or .affinity (and $values.podAntiAffinityPreset (ne $values.podAntiAffinityPreset "none")) }}
affinity:
  {{- with .affinity }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- if eq $values.podAntiAffinityPreset "soft" }}
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels:
              {{- include "chandlery.selector" . | nindent 14 }}
  {{- else if eq $values.podAntiAffinityPreset "hard" }}
  podAntiAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
      - topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels:
            {{- include "chandlery.selector" . | nindent 12 }}
  {{- end }}
{{- end }}
{{- end -}}

{{/*
The main container, with what the values add to the chart's part. Takes a scope, and
  container  its name
  image      the values of the image
  tag        the image's tag if the values name none
  ports      name and port of what it listens on
  actions    the probes' actions
  env, mounts             YAML lists as text
  command, args, lifecycle  YAML as text, if the image's are not used
*/}}
{{- define "chandlery.container" -}}
{{- $values := default .root.Values .values -}}
- name: {{ .container }}
  image: {{ include "chandlery.image" (dict "root" .root "image" .image "tag" .tag) | quote }}
  imagePullPolicy: {{ default "IfNotPresent" .image.pullPolicy }}
  {{- with include "chandlery.securityContext" $values.containerSecurityContext }}
  securityContext:
    {{- . | nindent 4 }}
  {{- end }}
  {{- if $values.diagnosticMode.enabled }}
  command:
    {{- toYaml $values.diagnosticMode.command | nindent 4 }}
  args:
    {{- toYaml $values.diagnosticMode.args | nindent 4 }}
  {{- else }}
  {{- if $values.command }}
  command:
    {{- tpl (toYaml $values.command) .root | nindent 4 }}
  {{- else if .command }}
  command:
    {{- .command | nindent 4 }}
  {{- end }}
  {{- if $values.args }}
  args:
    {{- tpl (toYaml $values.args) .root | nindent 4 }}
  {{- else if .args }}
  args:
    {{- .args | nindent 4 }}
  {{- end }}
  {{- end }}
  {{- if or .env $values.extraEnvVars }}
  env:
    {{- with .env }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- with $values.extraEnvVars }}
    {{- tpl (toYaml .) $.root | nindent 4 }}
    {{- end }}
  {{- end }}
  {{- if or $values.extraEnvVarsCM $values.extraEnvVarsSecret }}
  envFrom:
    {{- with $values.extraEnvVarsCM }}
    - configMapRef:
        name: {{ tpl . $.root }}
    {{- end }}
    {{- with $values.extraEnvVarsSecret }}
    - secretRef:
        name: {{ tpl . $.root }}
    {{- end }}
  {{- end }}
  ports:
    {{- range .ports }}
    - name: {{ .name }}
      containerPort: {{ .port }}
      protocol: TCP
    {{- end }}
    {{- with $values.extraContainerPorts }}
    {{- tpl (toYaml .) $.root | nindent 4 }}
    {{- end }}
  {{- if not $values.diagnosticMode.enabled }}
  {{- with include "chandlery.probes" (dict "values" $values "actions" .actions) | trim }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- if $values.lifecycleHooks }}
  lifecycle:
    {{- tpl (toYaml $values.lifecycleHooks) .root | nindent 4 }}
  {{- else if .lifecycle }}
  lifecycle:
    {{- .lifecycle | nindent 4 }}
  {{- end }}
  {{- end }}
  {{- with include "chandlery.resources" (dict "resources" $values.resources "preset" $values.resourcesPreset) }}
  resources:
    {{- . | nindent 4 }}
  {{- end }}
  {{- if or .mounts $values.extraVolumeMounts }}
  volumeMounts:
    {{- with .mounts }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- with $values.extraVolumeMounts }}
    {{- tpl (toYaml .) $.root | nindent 4 }}
    {{- end }}
  {{- end }}
{{- end -}}

{{/*
A pod template. Takes what "chandlery.pod" and "chandlery.container" take, and
  annotations     of the pod, as a map: checksums of what a running pod would not notice
  initContainers, sidecars, volumes  YAML lists as text
*/}}
{{- define "chandlery.podTemplate" -}}
{{- $values := default .root.Values .values -}}
metadata:
  labels:
    {{- include "chandlery.podLabels" . | nindent 4 }}
    {{- with $values.podLabels }}
    {{- tpl (toYaml .) $.root | nindent 4 }}
    {{- end }}
  {{- with merge (dict) (default (dict) $values.podAnnotations) (default (dict) .annotations) (default (dict) .root.Values.commonAnnotations) }}
  annotations:
    {{- tpl (toYaml .) $.root | nindent 4 }}
  {{- end }}
spec:
  {{- include "chandlery.pod" . | nindent 2 }}
  {{- if or .initContainers $values.initContainers }}
  initContainers:
    {{- with .initContainers }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- with $values.initContainers }}
    {{- tpl (toYaml .) $.root | nindent 4 }}
    {{- end }}
  {{- end }}
  containers:
    {{- include "chandlery.container" . | nindent 4 }}
    {{- with .sidecars }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- with $values.sidecars }}
    {{- tpl (toYaml .) $.root | nindent 4 }}
    {{- end }}
  {{- if or .volumes $values.extraVolumes }}
  volumes:
    {{- with .volumes }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- with $values.extraVolumes }}
    {{- tpl (toYaml .) $.root | nindent 4 }}
    {{- end }}
  {{- end }}
{{- end -}}

{{/* A Deployment. Takes what "chandlery.podTemplate" takes, and strategy: the update strategy if the values have none. */}}
{{- define "chandlery.deployment" -}}
{{- $values := default .root.Values .values -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  {{- include "chandlery.metadata" (omit . "annotations") | nindent 2 }}
spec:
  {{- if not ($values.autoscaling).enabled }}
  replicas: {{ $values.replicaCount }}
  {{- end }}
  revisionHistoryLimit: {{ default 5 $values.revisionHistoryLimit }}
  {{- with default .strategy $values.updateStrategy }}
  strategy:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  selector:
    matchLabels:
      {{- include "chandlery.selector" . | nindent 6 }}
  template:
    {{- include "chandlery.podTemplate" . | nindent 4 }}
{{- end -}}
