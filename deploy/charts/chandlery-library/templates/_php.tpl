{{/*
The Deployment of a shop on Apache with PHP. Takes root, and
  env, mounts, volumes, initContainers  YAML lists as text
  secrets  a list of secret, key, path: files below /run/secrets/application
  command, args  if the image's are not used
  strategy  if the pods cannot overlap
*/}}
{{- define "chandlery.php.deployment" -}}
{{- $root := .root -}}
{{- $volumes := list (include "chandlery.apache.volumes" $root) (include "chandlery.secretVolume" (dict "root" $root "files" .secrets)) .volumes -}}
{{- $mounts := list (include "chandlery.apache.mounts" $root) (include "chandlery.secretMount" $root) .mounts -}}
{{- $alone := and $root.Values.persistence.enabled (not (has "ReadWriteMany" $root.Values.persistence.accessModes)) -}}
{{- $strategy := ternary (dict "type" "Recreate") (dict "type" "RollingUpdate" "rollingUpdate" (dict "maxSurge" 1 "maxUnavailable" 0)) $alone -}}
{{- include "chandlery.deployment" (merge (dict
  "container" "web"
  "image" $root.Values.image
  "strategy" $strategy
  "lifecycle" "preStop:\n  sleep:\n    seconds: 5"
  "ports" (list (dict "name" "http" "port" 8080))
  "actions" (fromYaml (include "chandlery.apache.actions" $root))
  "mounts" (join "\n" (compact $mounts))
  "volumes" (join "\n" (compact $volumes))
  "annotations" (dict "checksum/configuration" (include (print $root.Template.BasePath "/configuration.yaml") $root | sha256sum))
) .) -}}
{{- end -}}

{{/* The checks that all shops share. Takes the root context. */}}
{{- define "chandlery.php.check" -}}
{{- include "chandlery.database.check" . -}}
{{- include "chandlery.checkRoutes" (dict "root" .) -}}
{{- include "chandlery.checkVolume" (dict "root" .) -}}
{{- if hasKey .Values "smtpHost" -}}
{{- include "chandlery.checkHost" (dict "host" .Values.smtpHost "key" "smtpHost") -}}
{{- if and .Values.smtpUser (not .Values.smtpPassword) (not .Values.smtpExistingSecret) -}}
{{- fail "\n\nsmtpUser has no password: set smtpExistingSecret to the name of a Secret, or smtpPassword." -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/*
The Secrets that a shop reads, as a YAML list: the database's password, and the mail server's. Takes the root context.
*/}}
{{- define "chandlery.php.secretFiles" -}}
- {{ include "chandlery.database.file" . | nindent 2 | trim }}
{{- if and .Values.smtpHost .Values.smtpUser }}
- secret: {{ default (include "chandlery.fullname" .) .Values.smtpExistingSecret }}
  key: smtp-password
  path: smtp-password
{{- end }}
{{- end -}}

{{/* The administrator's password, which only jobs see, in the same form. Takes the root context. */}}
{{- define "chandlery.php.administratorFile" -}}
- secret: {{ default (include "chandlery.fullname" .) .Values.existingSecret }}
  key: {{ .Chart.Name }}-password
  path: {{ .Chart.Name }}-password
{{- end -}}

{{/* The chart's own Secret, of what is not in Secrets of the user. Takes the root context, and more: further keys. */}}
{{- define "chandlery.php.secret" -}}
{{- $values := .root.Values -}}
{{- $data := default (dict) .more -}}
{{- if not $values.existingSecret -}}
{{- $_ := set $data (printf "%s-password" .root.Chart.Name) (index $values (printf "%sPassword" .root.Chart.Name)) -}}
{{- end -}}
{{- if not $values.externalDatabase.existingSecret -}}
{{- $_ := set $data "database-password" $values.externalDatabase.password -}}
{{- end -}}
{{- if and $values.smtpPassword (not $values.smtpExistingSecret) -}}
{{- $_ := set $data "smtp-password" $values.smtpPassword -}}
{{- end -}}
{{- if $data -}}
{{- include "chandlery.secret" (dict "root" .root "data" $data) -}}
{{- end -}}
{{- end -}}

{{/* The objects of a shop that are the same for all: Service, routes, availability, network, account, claim, extra objects. */}}
{{- define "chandlery.php.objects" -}}
{{- include (printf "chandlery.%s.check" .Chart.Name) . -}}
{{- $scope := dict "root" . -}}
{{ include "chandlery.service" (merge (dict "ports" (list (dict "name" "http" "port" .Values.service.ports.http "targetPort" "http" "nodePort" .Values.service.nodePorts.http))) $scope) }}
---
{{ include "chandlery.ingress" (merge (dict "port" "http") $scope) }}
---
{{ include "chandlery.httpRoute" (merge (dict "port" .Values.service.ports.http) $scope) }}
---
{{ include "chandlery.autoscaler" $scope }}
---
{{ include "chandlery.disruptionBudget" $scope }}
---
{{ include "chandlery.networkPolicy" (merge (dict "ports" (list 8080) "egress" (include "chandlery.php.egress" . | fromYamlArray)) $scope) }}
---
{{ include "chandlery.serviceAccount" $scope }}
---
{{ include "chandlery.claim" $scope }}
{{ include "chandlery.extraDeploy" . }}
{{- end -}}

{{/* What a shop calls: its database, payment providers, its mail server. Takes the root context. */}}
{{- define "chandlery.php.egress" -}}
- {{ .Values.externalDatabase.port }}
- 443
{{- if .Values.smtpHost }}
- {{ .Values.smtpPort }}
{{- end }}
{{- with .Values.externalSearch }}
- {{ .port }}
{{- end }}
{{- with .Values.externalCache }}
- {{ .port }}
{{- end }}
{{- end -}}

{{/*
An init container of the shop's image that runs a script. Takes root, name, script, mounts as a YAML list, and perhaps env.
*/}}
{{- define "chandlery.php.prepare" -}}
- name: {{ .name }}
  image: {{ include "chandlery.image" (dict "root" .root "image" .root.Values.image) | quote }}
  imagePullPolicy: {{ .root.Values.image.pullPolicy }}
  {{- with include "chandlery.securityContext" .root.Values.containerSecurityContext }}
  securityContext:
    {{- . | nindent 4 }}
  {{- end }}
  command:
    {{- toYaml (list "bash" "-euc" .script) | nindent 4 }}
  {{- with .env }}
  env:
    {{- . | nindent 4 }}
  {{- end }}
  resources:
    {{- include "chandlery.resources" (dict "preset" "nano") | nindent 4 }}
  volumeMounts:
    {{- .mounts | nindent 4 }}
{{- end -}}

{{/* A line of a job's script: whether the application's table is there, in `exists`, or the job's end. */}}
{{- define "chandlery.php.askTable" -}}
# 0 is yes, 1 is no. Nothing is installed into a database that did not answer, for it may be full.
exists=0
php -r "$TABLE_EXISTS" || exists=$?
[ "$exists" -le 1 ] || { echo "the database does not answer"; exit 1; }
{{- end -}}

{{/* A program that asks whether a table is there: 0, 1 if not, 255 without an answer. Its variables are the database's, and TABLE. */}}
{{- define "chandlery.php.tableExists" -}}
$database = new PDO(sprintf("mysql:host=%s;port=%s;dbname=%s", getenv("DATABASE_HOST"), getenv("DATABASE_PORT"), getenv("DATABASE_NAME")),
    getenv("DATABASE_USER"), rtrim(file_get_contents("/run/secrets/application/database-password"), "\n"));
$question = $database->prepare("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?");
$question->execute([getenv("TABLE")]);
exit($question->fetchColumn() ? 0 : 1);
{{- end -}}
