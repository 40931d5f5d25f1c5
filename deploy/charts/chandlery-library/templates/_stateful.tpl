{{/*
A StatefulSet with a volume of its own for each pod. Takes what "chandlery.podTemplate" takes, and
  volume   the name of that volume
  service  the headless Service that names the pods
*/}}
{{- define "chandlery.statefulSet" -}}
{{- $values := default .root.Values .values -}}
{{- $persistence := $values.persistence -}}
apiVersion: apps/v1
kind: StatefulSet
metadata:
  {{- include "chandlery.metadata" (omit . "annotations") | nindent 2 }}
spec:
  replicas: {{ $values.replicaCount }}
  serviceName: {{ .service }}
  podManagementPolicy: OrderedReady
  revisionHistoryLimit: {{ default 5 $values.revisionHistoryLimit }}
  {{- with $values.updateStrategy }}
  updateStrategy:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  selector:
    matchLabels:
      {{- include "chandlery.selector" . | nindent 6 }}
  {{- $pod := . }}
  {{- $claimed := and $persistence.enabled (not $persistence.existingClaim) }}
  {{- if not $claimed }}
  {{- $pod = merge (dict "volumes" (printf "%s\n%s" (include "chandlery.claimVolume" .) (default "" .volumes))) . }}
  {{- end }}
  template:
    {{- include "chandlery.podTemplate" $pod | nindent 4 }}
  {{- if $claimed }}
  persistentVolumeClaimRetentionPolicy:
    whenDeleted: {{ ternary "Retain" "Delete" (eq $persistence.resourcePolicy "keep") }}
    whenScaled: Retain
  volumeClaimTemplates:
    - metadata:
        name: {{ .volume }}
        labels:
          {{- include "chandlery.selector" . | nindent 10 }}
          {{- with $persistence.labels }}
          {{- toYaml . | nindent 10 }}
          {{- end }}
        {{- with $persistence.annotations }}
        annotations:
          {{- toYaml . | nindent 10 }}
        {{- end }}
      spec:
        {{- include "chandlery.claimSpec" (dict "persistence" $persistence "root" .root) | nindent 8 }}
  {{- end }}
{{- end -}}

{{/* The headless Service that names a StatefulSet's pods. Takes a scope, and port: name and number. */}}
{{- define "chandlery.headlessService" -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "chandlery.metadata" . | nindent 2 }}
spec:
  type: ClusterIP
  clusterIP: None
  publishNotReadyAddresses: true
  ports:
    - name: {{ .port.name }}
      port: {{ .port.number }}
      targetPort: {{ .port.name }}
      protocol: TCP
  selector:
    {{- include "chandlery.selector" . | nindent 4 }}
{{- end -}}
