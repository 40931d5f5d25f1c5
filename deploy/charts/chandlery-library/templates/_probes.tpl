{{/*
The three probes of a container: each the values' custom one, else the chart's action with the values' numbers.
Takes values and actions, a map from probe to action.
*/}}
{{- define "chandlery.probes" -}}
{{- $scope := . -}}
{{- range $probe := list "startupProbe" "livenessProbe" "readinessProbe" }}
{{- $custom := get $scope.values (printf "custom%s" (title $probe)) }}
{{- $numbers := get $scope.values $probe }}
{{- if $custom }}
{{ $probe }}:
  {{- toYaml $custom | nindent 2 }}
{{- else if $numbers.enabled }}
{{ $probe }}:
  {{- toYaml (merge (dict) (get $scope.actions $probe) (omit $numbers "enabled" "path")) | nindent 2 }}
{{- end }}
{{- end }}
{{- end -}}
