{{/* Objects of the user's own. Takes the root context. */}}
{{- define "chandlery.extraDeploy" -}}
{{- range .Values.extraDeploy }}
---
{{ tpl (ternary . (toYaml .) (kindIs "string" .)) $ }}
{{- end -}}
{{- end -}}
