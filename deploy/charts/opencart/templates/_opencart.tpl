{{- define "chandlery.opencart.check" -}}
{{- if not .Values.image.repository -}}
{{- fail "\n\nOpenCart has no published image: build one from deploy/images/opencart, and set image.repository, and image.digest or image.tag." -}}
{{- end -}}
{{- include "chandlery.php.check" . -}}
{{- include "chandlery.requireHost" . -}}
{{- if not (regexMatch "^[a-z][a-z0-9-]{2,}$" .Values.opencartAdminPath) -}}
{{- fail (printf "\n\nopencartAdminPath is %q: set it to the back office's folder in the image, of lower-case letters, digits and hyphens." .Values.opencartAdminPath) -}}
{{- end -}}
{{- if not .Values.opencartSkipInstall -}}
{{- include "chandlery.requirePassword" (dict "root" . "existing" .Values.existingSecret "value" .Values.opencartPassword "keys" (list "existingSecret" "opencartPassword")) -}}
{{- $length := len .Values.opencartPassword -}}
{{- if and (not .Values.existingSecret) (or (lt $length 6) (gt $length 20)) -}}
{{- fail "\n\nOpenCart takes administrators' passwords of 6 to 20 characters: set opencartPassword to such a one." -}}
{{- end -}}
{{- if not (regexMatch "^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$" .Values.opencartEmail) -}}
{{- fail (printf "\n\nopencartEmail is %q, which is no mail address: set it to the administrator's." .Values.opencartEmail) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "chandlery.opencart.url" -}}
{{ ternary "https" "http" .Values.opencartEnableHttps }}://{{ include "chandlery.host" . }}/
{{- end -}}

{{/*
The two settings files. The installer would write the password into the web root; here it is read from a file.
Takes root, and admin: true for the back office's.
*/}}
{{- define "chandlery.opencart.configuration" -}}
{{- $values := .root.Values -}}
{{- $url := include "chandlery.opencart.url" .root -}}
<?php
define('APPLICATION', '{{ ternary "Admin" "Catalog" .admin }}');
{{- if .admin }}
define('HTTP_SERVER', '{{ $url }}{{ $values.opencartAdminPath }}/');
define('HTTP_CATALOG', '{{ $url }}');
{{- else }}
define('HTTP_SERVER', '{{ $url }}');
{{- end }}
define('DIR_OPENCART', '/var/www/html/');
define('DIR_APPLICATION', DIR_OPENCART . '{{ ternary $values.opencartAdminPath "catalog" .admin }}/');
define('DIR_EXTENSION', DIR_OPENCART . 'extension/');
define('DIR_IMAGE', DIR_OPENCART . 'image/');
define('DIR_SYSTEM', DIR_OPENCART . 'system/');
{{- if .admin }}
define('DIR_CATALOG', DIR_OPENCART . 'catalog/');
{{- end }}
define('DIR_STORAGE', '/var/www/storage/');
define('DIR_LANGUAGE', DIR_APPLICATION . 'language/');
define('DIR_TEMPLATE', DIR_APPLICATION . 'view/template/');
define('DIR_CONFIG', DIR_SYSTEM . 'config/');
define('DIR_CACHE', DIR_STORAGE . 'cache/');
define('DIR_DOWNLOAD', DIR_STORAGE . 'download/');
define('DIR_LOGS', DIR_STORAGE . 'logs/');
define('DIR_SESSION', DIR_STORAGE . 'session/');
define('DIR_UPLOAD', DIR_STORAGE . 'upload/');
define('DB_DRIVER', 'mysqli');
define('DB_HOSTNAME', getenv('DATABASE_HOST'));
define('DB_PORT', getenv('DATABASE_PORT'));
define('DB_USERNAME', getenv('DATABASE_USER'));
define('DB_PASSWORD', rtrim(file_get_contents('/run/secrets/application/database-password'), "\n"));
define('DB_DATABASE', getenv('DATABASE_NAME'));
define('DB_PREFIX', '{{ $values.opencartTablePrefix }}');
define('DB_SSL_KEY', '');
define('DB_SSL_CERT', '');
define('DB_SSL_CA', '');
{{- if .admin }}
define('OPENCART_SERVER', 'https://www.opencart.com/');
{{- end }}
{{- end -}}

{{/* What is kept begins as the image has it. */}}
{{- define "chandlery.opencart.copy" -}}
fill() {
  mkdir -p "/kept/$2"
  [ -n "$(ls -A "/kept/$2")" ] || cp -R "$1/." "/kept/$2/"
}
fill /var/www/html/image image
fill /var/www/storage storage
[ "$MODE" != full ] || fill /var/www/html/extension extension
{{- end -}}

{{- define "chandlery.opencart.mounts" -}}
- name: kept
  mountPath: /var/www/html/image
  subPath: image
- name: kept
  mountPath: /var/www/storage
  subPath: storage
{{- if eq .Values.persistence.mode "full" }}
- name: kept
  mountPath: /var/www/html/extension
  subPath: extension
{{- end }}
- name: configuration
  mountPath: /var/www/html/config.php
  subPath: config.php
  readOnly: true
- name: configuration
  mountPath: /var/www/html/{{ .Values.opencartAdminPath }}/config.php
  subPath: admin-config.php
  readOnly: true
{{- end -}}

{{/* The installer is only in the image's copy of the sources, and writes its settings files where they are thrown away. */}}
{{- define "chandlery.opencart.install" -}}
{{ include "chandlery.php.askTable" . }}
if [ "$exists" = 0 ]; then exit 0; fi
cp -R /usr/src/opencart/. /code/
cd /code/install
touch ../config.php ../admin/config.php
php cli_install.php install --username "$ADMIN_USER" --email "$ADMIN_EMAIL" --password "$(cat /run/secrets/application/opencart-password)" \
  --http_server "$SHOP_URL" --language en-gb --db_driver mysqli --db_hostname "$DATABASE_HOST" --db_port "$DATABASE_PORT" \
  --db_username "$DATABASE_USER" --db_password "$(cat /run/secrets/application/database-password)" \
  --db_database "$DATABASE_NAME" --db_prefix "$TABLE_PREFIX"
# The installer answers 0 whatever happens.
php -r "$TABLE_EXISTS"
{{- end -}}
