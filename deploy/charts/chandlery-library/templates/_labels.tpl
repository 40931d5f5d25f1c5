{{/* What selects a component's pods, and never changes. Takes a scope. */}}
{{- define "chandlery.selector" -}}
app.kubernetes.io/name: {{ include "chandlery.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ default "web" .component }}
{{- end -}}

{{/* What selects all pods of a release. Takes a scope. */}}
{{- define "chandlery.releaseSelector" -}}
app.kubernetes.io/name: {{ include "chandlery.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end -}}

{{/* Labels of pods: without the chart's version, which would restart pods that nothing else changes. Takes a scope. */}}
{{- define "chandlery.podLabels" -}}
{{ include "chandlery.selector" . }}
{{- with .root.Values.commonLabels }}
{{ tpl (toYaml .) $.root }}
{{- end }}
{{- end -}}

{{/* Labels of every object. Takes a scope. */}}
{{- define "chandlery.labels" -}}
{{ include "chandlery.selector" . }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- with .root.Chart.AppVersion }}
app.kubernetes.io/version: {{ . | replace "+" "_" | trunc 63 | trimSuffix "-" | quote }}
{{- end }}
{{- with .root.Values.commonLabels }}
{{ tpl (toYaml .) $.root }}
{{- end }}
{{- end -}}

{{/*
Metadata of an object. Takes a scope, and
  name         instead of the component's
  suffix       behind the name
  labels       further labels, as a map
  annotations  further annotations, as a map
  keep         true: the object outlives the release
*/}}
{{- define "chandlery.metadata" -}}
name: {{ default (include "chandlery.component" .) .name }}{{ with .suffix }}-{{ . }}{{ end }}
namespace: {{ include "chandlery.namespace" .root }}
labels:
  {{- include "chandlery.labels" . | nindent 2 }}
  {{- with .labels }}
  {{- tpl (toYaml .) $.root | nindent 2 }}
  {{- end }}
{{- $annotations := merge (dict) (default (dict) .annotations) (default (dict) .root.Values.commonAnnotations) }}
{{- if .keep }}
{{- $annotations = merge $annotations (dict "helm.sh/resource-policy" "keep") }}
{{- end }}
{{- with $annotations }}
annotations:
  {{- tpl (toYaml .) $.root | nindent 2 }}
{{- end }}
{{- end -}}
