{{/* A ServiceMonitor, if it is on. Takes a scope, monitor: its values, port: a port's name, and scheme. */}}
{{- define "chandlery.serviceMonitor" -}}
{{- if .monitor.enabled -}}
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  name: {{ include "chandlery.component" . }}
  namespace: {{ default (include "chandlery.namespace" .root) .monitor.namespace }}
  labels:
    {{- include "chandlery.labels" . | nindent 4 }}
    {{- with .monitor.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  selector:
    matchLabels:
      {{- include "chandlery.selector" . | nindent 6 }}
  namespaceSelector:
    matchNames:
      - {{ include "chandlery.namespace" .root }}
  endpoints:
    - port: {{ .port }}
      path: {{ default "/metrics" .monitor.metricsPath }}
      scheme: {{ default "http" .scheme }}
      {{- with .monitor.interval }}
      interval: {{ . }}
      {{- end }}
      {{- with .monitor.timeout }}
      scrapeTimeout: {{ . }}
      {{- end }}
      {{- with .monitor.tlsConfig }}
      tlsConfig:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .monitor.basicAuth }}
      basicAuth:
        {{- toYaml . | nindent 8 }}
      {{- end }}
{{- end -}}
{{- end -}}
