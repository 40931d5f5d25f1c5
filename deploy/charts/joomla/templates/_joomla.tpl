{{- define "chandlery.joomla.check" -}}
{{- include "chandlery.php.check" . -}}
{{- include "chandlery.keys.check" (dict "root" . "keys" (list "secret")) -}}
{{- if not .Values.joomlaSkipInstall -}}
{{- include "chandlery.requirePassword" (dict "root" . "existing" .Values.existingSecret "value" .Values.joomlaPassword "keys" (list "existingSecret" "joomlaPassword")) -}}
{{- if and (not .Values.existingSecret) (le (len .Values.joomlaPassword) 12) -}}
{{- fail "\n\nJoomla refuses administrators' passwords of 12 characters and fewer: set joomlaPassword to a longer one." -}}
{{- end -}}
{{- if not (regexMatch "^[A-Za-z]{3,}$" .Values.joomlaUsername) -}}
{{- fail (printf "\n\njoomlaUsername is %q: set it to three letters or more, and nothing but letters." .Values.joomlaUsername) -}}
{{- end -}}
{{- if lt (len .Values.joomlaFullName) 3 -}}
{{- fail "\n\nThe administrator's name is too short: set joomlaFullName to three characters or more." -}}
{{- end -}}
{{- if lt (len .Values.joomlaSiteName) 3 -}}
{{- fail "\n\nThe site's name is too short: set joomlaSiteName to three characters or more." -}}
{{- end -}}
{{- if not (regexMatch "^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\\.[A-Za-z]{2,}$" .Values.joomlaEmail) -}}
{{- fail (printf "\n\njoomlaEmail is %q, which is no mail address: set it to the administrator's." .Values.joomlaEmail) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* A PHP literal. */}}
{{- define "chandlery.joomla.literal" -}}
{{- if kindIs "string" . -}}
'{{ . | replace "\\" "\\\\" | replace "'" "\\'" }}'
{{- else if kindIs "bool" . -}}
{{ . }}
{{- else -}}
{{ int . }}
{{- end -}}
{{- end -}}

{{/* Joomla's settings are a class; its constructor reads what is secret. */}}
{{- define "chandlery.joomla.configuration" -}}
{{- $settings := dict
  "sitename" .Values.joomlaSiteName
  "dbtype" "mysqli"
  "host" (printf "%s:%d" .Values.externalDatabase.host (int .Values.externalDatabase.port))
  "user" .Values.externalDatabase.user
  "db" .Values.externalDatabase.database
  "dbprefix" .Values.joomlaTablePrefix
  "dbencryption" 0
  "mailfrom" .Values.joomlaEmail
  "fromname" .Values.joomlaSiteName
  "session_handler" "database"
  "lifetime" 15
  "caching" 0
  "cache_handler" "file"
  "debug" false
  "offline" false
  "error_reporting" "none"
  "behind_loadbalancer" .Values.proxy.trusted
  "force_ssl" (ternary 2 0 .Values.proxy.trusted)
  "sef" true
  "sef_rewrite" true
  "tmp_path" "/tmp"
  "log_path" "/tmp"
  "offset" "UTC"
-}}
{{- if .Values.smtpHost -}}
{{- $_ := merge $settings (dict
  "mailer" "smtp"
  "smtphost" .Values.smtpHost
  "smtpport" .Values.smtpPort
  "smtpuser" .Values.smtpUser
  "smtpauth" (ne .Values.smtpUser "")
  "smtpsecure" .Values.smtpProtocol) -}}
{{- end -}}
<?php
class JConfig
{
{{- range $name, $value := merge (dict) .Values.joomlaConfiguration $settings }}
    public ${{ $name }} = {{ include "chandlery.joomla.literal" $value }};
{{- end }}
    public $password;
    public $secret;
    public $smtppass;

    public function __construct()
    {
        $this->password = $this->read('database-password');
        $this->secret = $this->read('secret');
        $this->smtppass = $this->read('smtp-password');
    }

    private function read($name)
    {
        $file = "/run/secrets/application/$name";

        return is_file($file) ? rtrim(file_get_contents($file), "\n") : '';
    }
}
{{- end -}}

{{- define "chandlery.joomla.secrets" -}}
{{ include "chandlery.php.secretFiles" . }}
{{ include "chandlery.keys.files" (dict "root" . "keys" (list "secret")) }}
{{- end -}}

{{/*
The code, without the installer, which would take visitors in. In the mode `full` it is copied once; in `media` with every
start, and the core's own files among the media as well, so that they are those of the image.
*/}}
{{- define "chandlery.joomla.copy" -}}
{{- if eq .Values.persistence.mode "full" -}}
[ -e /code/includes/app.php ] || cp -R /usr/src/joomla/. /code/
{{- else -}}
cp -R /usr/src/joomla/. /code/
mkdir -p /kept/images /kept/media
[ -n "$(ls -A /kept/images)" ] || cp -R /code/images/. /kept/images/
cp -R /code/media/. /kept/media/
{{- end }}
rm -rf /code/installation
[ -e /code/.htaccess ] || sed -E 's/^(Options -Indexes.*)$/#\1/' /code/htaccess.txt > /code/.htaccess
{{- end -}}

{{- define "chandlery.joomla.mounts" -}}
{{- if eq .Values.persistence.mode "full" }}
- name: kept
  mountPath: /var/www/html
{{- else }}
- name: code
  mountPath: /var/www/html
- name: kept
  mountPath: /var/www/html/images
  subPath: images
- name: kept
  mountPath: /var/www/html/media
  subPath: media
{{- end }}
- name: configuration
  mountPath: /var/www/html/configuration.php
  subPath: configuration.php
  readOnly: true
{{- end -}}

{{- define "chandlery.joomla.install" -}}
{{ include "chandlery.php.askTable" . }}
if [ "$exists" = 0 ]; then exit 0; fi
cp -R /usr/src/joomla/. /code/
cd /code
php installation/joomla.php install --no-interaction --site-name="$SITE_NAME" --admin-user="$ADMIN_NAME" \
  --admin-username="$ADMIN_USER" --admin-email="$ADMIN_EMAIL" --admin-password="$(cat /run/secrets/application/joomla-password)" \
  --db-type=mysqli --db-host="$DATABASE_HOST:$DATABASE_PORT" --db-user="$DATABASE_USER" --db-name="$DATABASE_NAME" \
  --db-pass="$(cat /run/secrets/application/database-password)" --db-prefix="$TABLE_PREFIX" --db-encryption=0
{{- end -}}
