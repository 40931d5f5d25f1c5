{{/*
Requests and limits: the values' own, else a preset. Presets limit memory and not CPU: throttled PHP answers late
although the node is idle. Takes resources, preset.
*/}}
{{- define "chandlery.resources" -}}
{{- $presets := dict
  "none" (dict)
  "nano" (dict "requests" (dict "cpu" "50m" "memory" "64Mi") "limits" (dict "memory" "128Mi"))
  "micro" (dict "requests" (dict "cpu" "100m" "memory" "128Mi") "limits" (dict "memory" "256Mi"))
  "small" (dict "requests" (dict "cpu" "150m" "memory" "256Mi") "limits" (dict "memory" "512Mi"))
  "medium" (dict "requests" (dict "cpu" "250m" "memory" "512Mi") "limits" (dict "memory" "1Gi"))
  "large" (dict "requests" (dict "cpu" "500m" "memory" "1Gi") "limits" (dict "memory" "2Gi"))
  "xlarge" (dict "requests" (dict "cpu" "1" "memory" "2Gi") "limits" (dict "memory" "4Gi"))
  "2xlarge" (dict "requests" (dict "cpu" "2" "memory" "4Gi") "limits" (dict "memory" "8Gi"))
-}}
{{- if .resources -}}
{{- toYaml .resources -}}
{{- else -}}
{{- toYaml (get $presets (default "none" .preset)) -}}
{{- end -}}
{{- end -}}
