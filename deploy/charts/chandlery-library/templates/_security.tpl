{{/* A security context of the values, without the key that switches it. Takes the block; empty if it is off. */}}
{{- define "chandlery.securityContext" -}}
{{- if and . (ne (toString .enabled) "false") -}}
{{- toYaml (omit . "enabled") -}}
{{- end -}}
{{- end -}}

{{/* What a container of ours that needs nothing runs with, for jobs and tests beside the application. */}}
{{- define "chandlery.leastPrivilege" -}}
allowPrivilegeEscalation: false
capabilities:
  drop:
    - ALL
privileged: false
readOnlyRootFilesystem: true
runAsNonRoot: true
seccompProfile:
  type: RuntimeDefault
{{- end -}}
