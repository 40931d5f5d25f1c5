{{/*
A password that must be there. Takes
  root      the root context
  existing  the name of a Secret that has it
  value     the password itself
  keys      the values to set, for the message: the Secret's and the password's
*/}}
{{- define "chandlery.requirePassword" -}}
{{- if not .existing -}}
{{- if .root.Values.production -}}
{{- fail (printf "\n\nproduction is true, so passwords do not belong in values: set %s to the name of a Secret." (first .keys)) -}}
{{- end -}}
{{- if not .value -}}
{{- fail (printf "\n\nThere is no password, and this chart brings no default: set %s to the name of a Secret, or %s." (first .keys) (last .keys)) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* A Secret of our own. Takes a scope, and data: a map from key to plain text; empty ones are left out. */}}
{{- define "chandlery.secret" -}}
apiVersion: v1
kind: Secret
metadata:
  {{- include "chandlery.metadata" . | nindent 2 }}
type: Opaque
data:
  {{- range $key, $text := .data }}
  {{- if $text }}
  {{ $key }}: {{ $text | toString | b64enc | quote }}
  {{- end }}
  {{- end }}
{{- end -}}

{{/* Secrets as files in one folder. Takes root, and files: a list of secret, key, path. */}}
{{- define "chandlery.secretVolume" -}}
- name: secrets
  projected:
    defaultMode: 288 # 0440, which some readers of YAML take for 440
    sources:
      {{- range .files }}
      - secret:
          name: {{ .secret }}
          items:
            - key: {{ .key }}
              path: {{ .path }}
      {{- end }}
{{- end -}}

{{- define "chandlery.secretMount" -}}
- name: secrets
  mountPath: /run/secrets/application
  readOnly: true
{{- end -}}

{{/*
Keys that an application needs and nobody types: made once, kept, and the same in every pod. All take root, and keys: their
names. The values are in `keys`. The Secret takes length as well, of each key.
*/}}
{{- define "chandlery.keys.secretName" -}}
{{- default (printf "%s-keys" (include "chandlery.fullname" .root)) .root.Values.keys.existingSecret -}}
{{- end -}}

{{- define "chandlery.keys.check" -}}
{{- if and .root.Values.production (not .root.Values.keys.existingSecret) -}}
{{- fail (printf "\n\nproduction is true, so keys have to be the same in every render: set keys.existingSecret to the name of a Secret with %s." (join ", " .keys)) -}}
{{- end -}}
{{- end -}}

{{- define "chandlery.keys.secret" -}}
{{- if not .root.Values.keys.existingSecret -}}
{{- $kept := default (dict) (lookup "v1" "Secret" (include "chandlery.namespace" .root) (include "chandlery.keys.secretName" .)).data -}}
apiVersion: v1
kind: Secret
metadata:
  {{- include "chandlery.metadata" (dict "root" .root "suffix" "keys" "keep" true) | nindent 2 }}
type: Opaque
data:
  {{- range .keys }}
  {{ . }}: {{ default (randAlphaNum (default 64 $.length | int) | b64enc) (get $kept .) | quote }}
  {{- end }}
{{- end -}}
{{- end -}}

{{- define "chandlery.keys.files" -}}
{{- range .keys }}
- secret: {{ include "chandlery.keys.secretName" $ }}
  key: {{ . }}
  path: {{ . }}
{{- end }}
{{- end -}}
