{{- define "chandlery.prestashop.check" -}}
{{- include "chandlery.php.check" . -}}
{{- include "chandlery.requireHost" . -}}
{{- if not (regexMatch "^[a-z][a-z0-9-]{3,}$" .Values.prestashopAdminPath) -}}
{{- fail (printf "\n\nprestashopAdminPath is %q: set it to four or more lower-case letters, digits and hyphens." .Values.prestashopAdminPath) -}}
{{- end -}}
{{- if eq .Values.prestashopAdminPath "admin" -}}
{{- fail "\n\nPrestaShop does not open a back office that is called admin: set prestashopAdminPath to another name." -}}
{{- end -}}
{{- if not .Values.prestashopSkipInstall -}}
{{- include "chandlery.requirePassword" (dict "root" . "existing" .Values.existingSecret "value" .Values.prestashopPassword "keys" (list "existingSecret" "prestashopPassword")) -}}
{{- if and (not .Values.existingSecret) (lt (len .Values.prestashopPassword) 8) -}}
{{- fail "\n\nPrestaShop refuses administrators' passwords below 8 characters: set prestashopPassword to a longer one." -}}
{{- end -}}
{{- if has .Values.prestashopPassword (list "prestashop_demo") -}}
{{- fail "\n\nprestashopPassword is the one that every PrestaShop image has by default: set it to another." -}}
{{- end -}}
{{- if not (regexMatch "^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$" .Values.prestashopEmail) -}}
{{- fail (printf "\n\nprestashopEmail is %q, which is no mail address: set it to the administrator's." .Values.prestashopEmail) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.cron.enabled (not .Values.cron.path) -}}
{{- fail "\n\nThe CronJob asks for nothing: set cron.path to the page that a module names, or cron.enabled to false." -}}
{{- end -}}
{{- end -}}

{{/*
The code, as the image's start script would lay it out, but without root. What the installation writes and must survive lies
on the volume; links lead there, which lead nowhere until it is done. The folder `install` stays for the installation only.
*/}}
{{- define "chandlery.prestashop.copy" -}}
lay_out() {
  cp -R /tmp/data-ps/prestashop/. "$1/"
  mv "$1/admin" "$1/$ADMIN_PATH"
}
mkdir -p /kept/configuration
if [ "$MODE" = full ]; then
  # The code is on the volume, once. The installation waits for the pod that lays it out.
  mkdir -p /kept/code
  if [ "$ROLE" = install ]; then
    until [ -e /kept/configuration/laid-out ]; do sleep 2; done
  elif [ ! -e /kept/configuration/laid-out ]; then
    lay_out /kept/code
    touch /kept/configuration/laid-out
  fi
  exit 0
fi
lay_out /code
for folder in img upload download; do
  mkdir -p "/kept/$folder"
  [ -n "$(ls -A "/kept/$folder")" ] || cp -R "/code/$folder/." "/kept/$folder/"
done
ln -sf /kept/configuration/parameters.php /code/app/config/parameters.php
ln -sf /kept/configuration/htaccess /code/.htaccess
[ "$ROLE" = install ] || rm -rf /code/install
{{- end -}}

{{- define "chandlery.prestashop.copyEnv" -}}
- name: MODE
  value: {{ .root.Values.persistence.mode }}
- name: ADMIN_PATH
  value: {{ .root.Values.prestashopAdminPath }}
- name: ROLE
  value: {{ .role }}
{{- end -}}

{{- define "chandlery.prestashop.mounts" -}}
{{- if eq .Values.persistence.mode "full" }}
- name: kept
  mountPath: /var/www/html
  subPath: code
{{- else }}
- name: code
  mountPath: /var/www/html
{{- range list "img" "upload" "download" }}
- name: kept
  mountPath: /var/www/html/{{ . }}
  subPath: {{ . }}
{{- end }}
{{- end }}
- name: kept
  mountPath: /kept/configuration
  subPath: configuration
{{- end -}}

{{- define "chandlery.prestashop.volumes" -}}
{{ include "chandlery.claimVolume" (dict "root" . "volume" "kept") }}
{{- if eq .Values.persistence.mode "media" }}
- name: code
  emptyDir: {}
{{- end }}
{{- end -}}

{{/* The init container. Takes root, and role: web or install. */}}
{{- define "chandlery.prestashop.prepare" -}}
{{- $code := ternary "\n- name: code\n  mountPath: /code" "" (eq .root.Values.persistence.mode "media") -}}
{{- include "chandlery.php.prepare" (dict "root" .root "name" "code"
  "script" (include "chandlery.prestashop.copy" .root)
  "env" (include "chandlery.prestashop.copyEnv" .)
  "mounts" (printf "- name: kept\n  mountPath: /kept%s" $code)) -}}
{{- end -}}

{{- define "chandlery.prestashop.install" -}}
marker=/kept/configuration/installed
[ ! -e "$marker" ] || exit 0
# A database that has a shop is not one to install into, whatever became of the volume.
{{ include "chandlery.php.askTable" . }}
if [ "$exists" = 0 ]; then
  echo "the database has a shop, but the volume has no $marker: restore the volume, or empty the database"; exit 1
fi
cd /var/www/html
# The installer replaces the file, and would replace the link.
rm -f app/config/parameters.php .htaccess
php install/index_cli.php --domain="$SHOP_HOST" --name="$SHOP_NAME" --ssl="$SHOP_SSL" --language="$SHOP_LANGUAGE" \
  --country="$SHOP_COUNTRY" --firstname="$ADMIN_FIRST_NAME" --lastname="$ADMIN_LAST_NAME" --email="$ADMIN_EMAIL" \
  --password="$(cat /run/secrets/application/prestashop-password)" --prefix="$TABLE_PREFIX" --db_create=0 \
  --db_server="$DATABASE_HOST:$DATABASE_PORT" --db_name="$DATABASE_NAME" --db_user="$DATABASE_USER" \
  --db_password="$(cat /run/secrets/application/database-password)" --all_languages=0 --newsletter=0 --send_email=0
if [ "$MODE" = media ]; then
  [ ! -e .htaccess ] || cp .htaccess /kept/configuration/htaccess
  cp app/config/parameters.php /kept/configuration/parameters.new
  mv /kept/configuration/parameters.new /kept/configuration/parameters.php
else
  rm -rf install
fi
touch "$marker"
{{- end -}}
