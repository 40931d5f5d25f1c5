{{/* The eight keys and salts, as files and as variables. */}}
{{- define "chandlery.wordpress.saltNames" -}}
[auth-key, secure-auth-key, logged-in-key, nonce-key, auth-salt, secure-auth-salt, logged-in-salt, nonce-salt]
{{- end -}}

{{- define "chandlery.wordpress.saltSecret" -}}
{{- default (printf "%s-salts" (include "chandlery.fullname" .)) .Values.salts.existingSecret -}}
{{- end -}}

{{- define "chandlery.wordpress.check" -}}
{{- include "chandlery.php.check" . -}}
{{- include "chandlery.requirePassword" (dict "root" . "existing" .Values.existingSecret "value" .Values.wordpressPassword "keys" (list "existingSecret" "wordpressPassword")) -}}
{{- if not .Values.wordpressSkipInstall -}}
{{- include "chandlery.requireHost" . -}}
{{- if not (regexMatch "^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$" .Values.wordpressEmail) -}}
{{- fail (printf "\n\nwordpressEmail is %q, which is no mail address: set it to the administrator's." .Values.wordpressEmail) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.production (not .Values.salts.existingSecret) -}}
{{- fail "\n\nproduction is true, so the keys and salts have to be the same in every render: set salts.existingSecret to the name of a Secret." -}}
{{- end -}}
{{- end -}}

{{- define "chandlery.wordpress.env" -}}
- name: WORDPRESS_DB_HOST
  value: {{ printf "%s:%d" .Values.externalDatabase.host (int .Values.externalDatabase.port) | quote }}
- name: WORDPRESS_DB_USER
  value: {{ .Values.externalDatabase.user | quote }}
- name: WORDPRESS_DB_NAME
  value: {{ .Values.externalDatabase.database | quote }}
- name: WORDPRESS_DB_PASSWORD_FILE
  value: /run/secrets/application/database-password
- name: WORDPRESS_DB_CHARSET
  value: utf8mb4
- name: WORDPRESS_TABLE_PREFIX
  value: {{ .Values.wordpressTablePrefix | quote }}
{{- range (include "chandlery.wordpress.saltNames" . | fromYamlArray) }}
- name: WORDPRESS_{{ . | upper | replace "-" "_" }}_FILE
  value: /run/secrets/application/{{ . }}
{{- end }}
- name: WORDPRESS_CONFIG_EXTRA
  value: |
    {{- if .Values.cron.enabled }}
    define('DISABLE_WP_CRON', true);
    {{- end }}
    {{- if eq .Values.persistence.mode "media" }}
    define('WP_AUTO_UPDATE_CORE', false);
    {{- end }}
    {{- with include "chandlery.host" . }}
    define('WP_HOME', '{{ $.Values.wordpressScheme }}://{{ . }}');
    define('WP_SITEURL', '{{ $.Values.wordpressScheme }}://{{ . }}');
    {{- end }}
    {{- with .Values.wordpressExtraConfigContent }}
    {{- tpl . $ | nindent 4 }}
    {{- end }}
{{- if .Values.smtpHost }}
- name: SMTP_HOST
  value: {{ .Values.smtpHost | quote }}
- name: SMTP_PORT
  value: {{ .Values.smtpPort | quote }}
- name: SMTP_USER
  value: {{ .Values.smtpUser | quote }}
- name: SMTP_PROTOCOL
  value: {{ .Values.smtpProtocol | quote }}
{{- end }}
{{- end -}}

{{/* The code is copied out of the image when a pod starts; what users add lies on the volume. */}}
{{- define "chandlery.wordpress.mounts" -}}
- name: {{ ternary "content" "code" (eq .Values.persistence.mode "full") }}
  mountPath: /var/www/html
{{- if eq .Values.persistence.mode "media" }}
- name: content
  mountPath: /var/www/html/wp-content
{{- end }}
{{- if .Values.smtpHost }}
- name: configuration
  mountPath: /var/www/html/wp-content/mu-plugins/smtp.php
  subPath: smtp.php
  readOnly: true
{{- end }}
{{- end -}}

{{- define "chandlery.wordpress.volumes" -}}
{{ include "chandlery.claimVolume" (dict "root" . "volume" "content") }}
{{- if eq .Values.persistence.mode "media" }}
- name: code
  emptyDir: {}
{{- end }}
{{- end -}}

{{- define "chandlery.wordpress.secretFiles" -}}
{{ include "chandlery.php.secretFiles" . }}
{{- range (include "chandlery.wordpress.saltNames" . | fromYamlArray) }}
- secret: {{ include "chandlery.wordpress.saltSecret" $ }}
  key: {{ . }}
  path: {{ . }}
{{- end }}
{{- end -}}

{{/* The installation writes to the database only. It has done its work where the tables are. */}}
{{- define "chandlery.wordpress.install" -}}
set -eu
wp core is-installed && exit 0
wp core install --url="$SITE_URL" --title="$SITE_TITLE" --admin_user="$ADMIN_USER" --admin_email="$ADMIN_EMAIL" \
  --skip-email --prompt=admin_password < /run/secrets/application/wordpress-password > /dev/null
wp core is-installed
{{- end -}}
