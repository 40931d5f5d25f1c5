{{/* The database is a release of its own. All take the root context. */}}

{{- define "chandlery.database.check" -}}
{{- include "chandlery.checkSubchart" . -}}
{{- $database := .Values.externalDatabase -}}
{{- if not $database.host -}}
{{- fail "\n\nThere is no database: set externalDatabase.host, for example to the Service of a release of the chart mariadb." -}}
{{- end -}}
{{- include "chandlery.checkHost" (dict "host" $database.host "key" "externalDatabase.host") -}}
{{- if not (and $database.database $database.user) -}}
{{- fail "\n\nThe shop needs a database and a user of its own: set externalDatabase.database and externalDatabase.user." -}}
{{- end -}}
{{- include "chandlery.requirePassword" (dict "root" . "existing" $database.existingSecret "value" $database.password "keys" (list "externalDatabase.existingSecret" "externalDatabase.password")) -}}
{{- end -}}

{{/* Where the password is: secret, key, and the file that it becomes. */}}
{{- define "chandlery.database.file" -}}
{{- $database := .Values.externalDatabase -}}
secret: {{ default (include "chandlery.fullname" .) $database.existingSecret }}
key: {{ ternary $database.existingSecretPasswordKey "database-password" (ne $database.existingSecret "") }}
path: database-password
{{- end -}}

{{- define "chandlery.database.env" -}}
{{- $database := .Values.externalDatabase -}}
- name: DATABASE_HOST
  value: {{ $database.host | quote }}
- name: DATABASE_PORT
  value: {{ $database.port | quote }}
- name: DATABASE_USER
  value: {{ $database.user | quote }}
- name: DATABASE_NAME
  value: {{ $database.database | quote }}
{{- end -}}
