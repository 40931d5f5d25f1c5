{{/* The spec of a claim. Takes persistence and root. */}}
{{- define "chandlery.claimSpec" -}}
accessModes:
  {{- toYaml .persistence.accessModes | nindent 2 }}
{{- $class := default .persistence.storageClass (.root.Values.global).defaultStorageClass }}
{{- if .persistence.storageClass }}{{ $class = .persistence.storageClass }}{{ end }}
{{- if eq (toString $class) "-" }}
storageClassName: ""
{{- else if $class }}
storageClassName: {{ $class }}
{{- end }}
resources:
  requests:
    storage: {{ .persistence.size }}
{{- with .persistence.selector }}
selector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .persistence.dataSource }}
dataSource:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .persistence.volumeName }}
volumeName: {{ . }}
{{- end }}
{{- end -}}

{{/* A claim, if files are kept and no claim is given. Takes a scope. */}}
{{- define "chandlery.claim" -}}
{{- $values := default .root.Values .values -}}
{{- $persistence := $values.persistence -}}
{{- if and $persistence.enabled (not $persistence.existingClaim) -}}
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  {{- include "chandlery.metadata" (merge (dict "annotations" $persistence.annotations "labels" $persistence.labels "keep" (eq $persistence.resourcePolicy "keep")) .) | nindent 2 }}
spec:
  {{- include "chandlery.claimSpec" (dict "persistence" $persistence "root" .root) | nindent 2 }}
{{- end -}}
{{- end -}}

{{/* The volume of kept files, or an empty one. Takes a scope, and volume: its name. */}}
{{- define "chandlery.claimVolume" -}}
{{- $values := default .root.Values .values -}}
- name: {{ .volume }}
  {{- if $values.persistence.enabled }}
  persistentVolumeClaim:
    claimName: {{ default (include "chandlery.component" .) $values.persistence.existingClaim }}
  {{- else }}
  emptyDir: {}
  {{- end }}
{{- end -}}
