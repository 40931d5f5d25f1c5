{{/*
Apache with PHP, as the official images have it, for any user on a read-only tree: it listens above 1024, and what it writes at
run time lies on empty volumes. Its log folder is left alone, for the links in it lead to the container's output.
*/}}

{{/* The files of its ConfigMap. Takes root, documentRoot, and denied: paths that nobody gets. */}}
{{- define "chandlery.apache.files" -}}
{{- $proxy := .root.Values.proxy -}}
ports.conf: |
  Listen 8080
site.conf: |
  ServerName localhost
  ServerTokens Prod
  ServerSignature Off
  TraceEnable Off
  <VirtualHost *:8080>
    DocumentRoot {{ .documentRoot }}
    ErrorLog /proc/self/fd/2
    CustomLog /proc/self/fd/1 combined
    {{- if $proxy.trusted }}
    # TLS ends at the gateway, which says so and passes the client's address on.
    SetEnvIf X-Forwarded-Proto "^https$" HTTPS=on
    <IfModule mod_remoteip.c>
      RemoteIPHeader X-Forwarded-For
      {{- range $proxy.addresses }}
      RemoteIPInternalProxy {{ . }}
      {{- end }}
    </IfModule>
    {{- end }}
    # For probes: the server's answer, whatever becomes of the application.
    Redirect 204 /-/live
    <Directory {{ .documentRoot }}>
      Options -Indexes +FollowSymLinks
      AllowOverride All
      Require all granted
    </Directory>
    # Hidden files, and what is in hidden folders.
    <LocationMatch "/\.(?!well-known(/|$))">
      Require all denied
    </LocationMatch>
    {{- range .denied }}
    # A job does what this page is for, and nobody else should be faster.
    <Location "{{ . }}">
      Require all denied
    </Location>
    {{- end }}
    {{- with .root.Values.apache.configuration }}
    {{- tpl . $.root | nindent 4 }}
    {{- end }}
  </VirtualHost>
php.ini: |
  {{- .root.Values.php.configuration | nindent 2 }}
{{- end -}}

{{- define "chandlery.apache.mounts" -}}
- name: run
  mountPath: /run/apache2
- name: lock
  mountPath: /run/lock/apache2
- name: tmp
  mountPath: /tmp
- name: configuration
  mountPath: /etc/apache2/ports.conf
  subPath: ports.conf
  readOnly: true
- name: configuration
  mountPath: /etc/apache2/sites-available/000-default.conf
  subPath: site.conf
  readOnly: true
- name: configuration
  mountPath: /usr/local/etc/php/conf.d/zz-chandlery.ini
  subPath: php.ini
  readOnly: true
{{- end -}}

{{/* Takes the root context. */}}
{{- define "chandlery.apache.volumes" -}}
- name: run
  emptyDir: {}
- name: lock
  emptyDir: {}
- name: tmp
  emptyDir: {}
- name: configuration
  configMap:
    name: {{ include "chandlery.fullname" . }}
{{- end -}}

{{/* The ConfigMap. Takes root, documentRoot, denied, and files: further ones, as YAML. */}}
{{- define "chandlery.apache.configMap" -}}
apiVersion: v1
kind: ConfigMap
metadata:
  {{- include "chandlery.metadata" (dict "root" .root) | nindent 2 }}
data:
  {{- include "chandlery.apache.files" . | nindent 2 }}
  {{- with .files }}
  {{- . | nindent 2 }}
  {{- end }}
{{- end -}}

{{/* Alive is who takes connections: a request could wait behind slow ones. Ready is who answers the page. Takes the root context. */}}
{{- define "chandlery.apache.actions" -}}
startupProbe:
  tcpSocket:
    port: http
livenessProbe:
  tcpSocket:
    port: http
readinessProbe:
  httpGet:
    path: {{ .Values.readinessProbe.path }}
    port: http
    httpHeaders:
      - name: Host
        value: {{ default "localhost" (include "chandlery.host" .) | quote }}
      - name: X-Forwarded-Proto
        value: https
{{- end -}}

{{/* The name under which customers come: the application's own value, the Ingress, the HTTPRoute. Takes the root context. */}}
{{- define "chandlery.host" -}}
{{- $own := index .Values (printf "%sHost" .Chart.Name) -}}
{{- $routes := default (list "") .Values.httpRoute.hostnames -}}
{{- include "chandlery.checkHost" (dict "host" $own "key" (printf "%sHost" .Chart.Name)) -}}
{{- default (default (first $routes) .Values.ingress.hostname) $own -}}
{{- end -}}

{{/* Takes the root context. */}}
{{- define "chandlery.requireHost" -}}
{{- if not (include "chandlery.host" .) -}}
{{- fail (printf "\n\nThe shop does not know its own name: set %sHost, ingress.hostname or httpRoute.hostnames, for example to shop.example.com." .Chart.Name) -}}
{{- end -}}
{{- end -}}

{{/*
A program that asks a page and, if PASSWORD_FILE is set, signs in to the database. Anything but a page is a failure.
Its variables are URL, HOST, DATABASE_HOST, DATABASE_PORT, DATABASE_USER, DATABASE_NAME, PASSWORD_FILE.
*/}}
{{- define "chandlery.php.visit" -}}
$context = stream_context_create(["http" => [
    "header" => "Host: " . getenv("HOST") . "\r\nX-Forwarded-Proto: https\r\n",
    "timeout" => 300, "follow_location" => 0, "ignore_errors" => true]]);
$page = file_get_contents(getenv("URL"), false, $context);
$status = $page === false ? "no answer" : $http_response_header[0];
echo getenv("URL"), ": ", $status, "\n";
if ($page === false || !preg_match("#^HTTP/\\S+ [23]#", $status)) exit(1);
if (getenv("PASSWORD_FILE")) {
    $password = rtrim(file_get_contents(getenv("PASSWORD_FILE")), "\n");
    $place = sprintf("mysql:host=%s;port=%s;dbname=%s", getenv("DATABASE_HOST"), getenv("DATABASE_PORT"), getenv("DATABASE_NAME"));
    if (extension_loaded("pdo_mysql")) new PDO($place, getenv("DATABASE_USER"), $password);
    else { mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
        new mysqli(getenv("DATABASE_HOST"), getenv("DATABASE_USER"), $password, getenv("DATABASE_NAME"), (int) getenv("DATABASE_PORT")); }
    echo "database: signed in\n";
}
{{- end -}}

{{/* The Service's address of a page. Takes root and path. */}}
{{- define "chandlery.pageUrl" -}}
{{- printf "http://%s.%s.svc:%d%s" (include "chandlery.fullname" .root) (include "chandlery.namespace" .root) (int .root.Values.service.ports.http) .path -}}
{{- end -}}

{{/*
The pod of `helm test`: a page, and the database. Helm may render it first, so the chart's own checks come here too. Takes the
root context.
*/}}
{{- define "chandlery.php.test" -}}
{{- include (printf "chandlery.%s.check" .Chart.Name) . -}}
{{- $env := concat (fromYamlArray (include "chandlery.database.env" .)) (list
  (dict "name" "URL" "value" (include "chandlery.pageUrl" (dict "root" . "path" .Values.readinessProbe.path)))
  (dict "name" "HOST" "value" (default "localhost" (include "chandlery.host" .)))
  (dict "name" "PASSWORD_FILE" "value" "/run/secrets/application/database-password")) -}}
{{- include "chandlery.testPod" (dict
  "root" . "component" "test" "container" "visit" "image" .Values.image "preset" "nano"
  "command" (toYaml (list "php" "-r" (include "chandlery.php.visit" .)))
  "env" (toYaml $env)
  "mounts" (include "chandlery.secretMount" .)
  "volumes" (include "chandlery.secretVolume" (dict "root" . "files" (list (include "chandlery.database.file" . | fromYaml))))
) -}}
{{- end -}}

{{/* A CronJob that asks a page of the shop, so that it needs no volume. Takes root and path. */}}
{{- define "chandlery.php.cron" -}}
{{- $cron := .root.Values.cron -}}
{{- if $cron.enabled -}}
{{- include "chandlery.cronJob" (dict
  "root" .root "component" "cron" "container" "cron" "image" .root.Values.image "schedule" $cron.schedule
  "resources" $cron.resources "preset" "nano"
  "command" (toYaml (list "php" "-r" (include "chandlery.php.visit" .root)))
  "env" (toYaml (list
    (dict "name" "URL" "value" (include "chandlery.pageUrl" .))
    (dict "name" "HOST" "value" (default "localhost" (include "chandlery.host" .root)))))
) -}}
{{- end -}}
{{- end -}}
