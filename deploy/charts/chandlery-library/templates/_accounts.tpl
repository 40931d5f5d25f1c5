{{/* The name of the pods' service account. Takes the root context. */}}
{{- define "chandlery.accountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "chandlery.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* A service account that gets no token, if it is to be made. Takes a scope. */}}
{{- define "chandlery.serviceAccount" -}}
{{- if .root.Values.serviceAccount.create -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "chandlery.metadata" (merge (dict "name" (include "chandlery.accountName" .root) "annotations" .root.Values.serviceAccount.annotations) .) | nindent 2 }}
automountServiceAccountToken: {{ .root.Values.serviceAccount.automountServiceAccountToken }}
{{- end -}}
{{- end -}}
