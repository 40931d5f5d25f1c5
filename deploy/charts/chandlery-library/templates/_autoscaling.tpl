{{/*
The autoscaler, if it is on: a HorizontalPodAutoscaler, or KEDA's ScaledObject, which makes one itself. Never both.
Takes a scope, and kind: the workload's, a Deployment if it is not named.
*/}}
{{- define "chandlery.autoscaler" -}}
{{- include "chandlery.checkAutoscaling" . -}}
{{- $values := default .root.Values .values -}}
{{- $scaling := $values.autoscaling -}}
{{- $name := include "chandlery.component" . -}}
{{- if and $scaling.enabled (eq $scaling.type "hpa") -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  {{- include "chandlery.metadata" . | nindent 2 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: {{ default "Deployment" .kind }}
    name: {{ $name }}
  minReplicas: {{ $scaling.minReplicas }}
  maxReplicas: {{ $scaling.maxReplicas }}
  metrics:
    {{- with $scaling.targetCPU }}
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: {{ . }}
    {{- end }}
    {{- with $scaling.targetMemory }}
    - type: Resource
      resource:
        name: memory
        target:
          type: Utilization
          averageUtilization: {{ . }}
    {{- end }}
  {{- with $scaling.behavior }}
  behavior:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- else if $scaling.enabled -}}
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  {{- include "chandlery.metadata" . | nindent 2 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: {{ default "Deployment" .kind }}
    name: {{ $name }}
  minReplicaCount: {{ $scaling.minReplicas }}
  maxReplicaCount: {{ $scaling.maxReplicas }}
  {{- with $scaling.behavior }}
  advanced:
    horizontalPodAutoscalerConfig:
      behavior:
        {{- toYaml . | nindent 8 }}
  {{- end }}
  triggers:
    {{- with $scaling.targetCPU }}
    - type: cpu
      metricType: Utilization
      metadata:
        value: {{ . | quote }}
    {{- end }}
    {{- with $scaling.targetMemory }}
    - type: memory
      metricType: Utilization
      metadata:
        value: {{ . | quote }}
    {{- end }}
    {{- with $scaling.requestsPerSecond }}
    {{- if .target }}
    # Traefik's counters of this Service; the target is per pod, not in total.
    - type: prometheus
      metricType: AverageValue
      metadata:
        serverAddress: {{ .serverAddress | quote }}
        query: {{ default (printf "sum(rate(traefik_service_requests_total{service=~\"%s-%s-.*\"}[2m]))" (include "chandlery.namespace" $.root) $name) .query | quote }}
        threshold: {{ .target | quote }}
    {{- end }}
    {{- end }}
{{- end -}}
{{- end -}}
