{{- define "chandlery.drupal.check" -}}
{{- include "chandlery.php.check" . -}}
{{- include "chandlery.keys.check" (dict "root" . "keys" (list "hash-salt")) -}}
{{- if .Values.install.enabled -}}
{{- if not .Values.drush.enabled -}}
{{- fail "\n\nThe official image cannot install Drupal, for it has no Drush: set image.repository to one that has, as deploy/images/drupal makes it, and drush.enabled; or install.enabled to false." -}}
{{- end -}}
{{- include "chandlery.requirePassword" (dict "root" . "existing" .Values.existingSecret "value" .Values.drupalPassword "keys" (list "existingSecret" "drupalPassword")) -}}
{{- end -}}
{{- if and .Values.cron.enabled (not .Values.drush.enabled) -}}
{{- fail "\n\nThe CronJob needs Drush: set drush.enabled with an image that has it, or cron.enabled to false." -}}
{{- end -}}
{{- end -}}

{{/* Names by which Drupal may be asked: customers', and that of the Service for tests. */}}
{{- define "chandlery.drupal.hosts" -}}
{{- $hosts := list (include "chandlery.host" .) -}}
{{- range .Values.ingress.extraHosts }}{{ $hosts = append $hosts .name }}{{ end -}}
{{- $hosts = concat $hosts (default (list) .Values.httpRoute.hostnames) | compact | uniq -}}
{{- if $hosts }}{{ join " " (concat $hosts (list "localhost" (printf "%s.%s.svc" (include "chandlery.fullname" .) (include "chandlery.namespace" .)))) }}{{ end -}}
{{- end -}}

{{- define "chandlery.drupal.env" -}}
{{ include "chandlery.database.env" . }}
- name: DATABASE_PREFIX
  value: {{ .Values.drupalTablePrefix | quote }}
- name: TRUSTED_HOSTS
  value: {{ include "chandlery.drupal.hosts" . | quote }}
- name: TRUSTED_PROXIES
  value: {{ ternary (join " " .Values.proxy.addresses) "" .Values.proxy.trusted | quote }}
{{- end -}}

{{- define "chandlery.drupal.secrets" -}}
{{ include "chandlery.php.secretFiles" . }}
{{ include "chandlery.keys.files" (dict "root" . "keys" (list "hash-salt")) }}
{{- end -}}

{{- define "chandlery.drupal.mounts" -}}
{{- if eq .Values.persistence.mode "full" }}
- name: files
  mountPath: /opt/drupal
{{- else }}
- name: files
  mountPath: /opt/drupal/web/sites/default/files
{{- end }}
- name: configuration
  mountPath: /opt/drupal/web/sites/default/settings.php
  subPath: settings.php
  readOnly: true
{{- end -}}

{{/* Without output on volumes: what Drush does for a job. */}}
{{- define "chandlery.drupal.drush" -}}
- name: HOME
  value: /tmp
- name: DRUSH_OPTIONS_ROOT
  value: /opt/drupal/web
{{- end -}}

{{- define "chandlery.drupal.install" -}}
cd /opt/drupal
if vendor/bin/drush status --field=bootstrap 2> /dev/null | grep -q Successful; then exit 0; fi
vendor/bin/drush site:install "$PROFILE" --yes --site-name="$SITE_NAME" --site-mail="$ADMIN_EMAIL" \
  --account-name="$ADMIN_USER" --account-mail="$ADMIN_EMAIL" > /tmp/install.log 2>&1 || { grep -vi password /tmp/install.log; exit 1; }
vendor/bin/drush php:eval '$user = \Drupal\user\Entity\User::load(1);
  $user->setPassword(rtrim(file_get_contents("/run/secrets/application/drupal-password"), "\n"))->save();'
{{- end -}}
