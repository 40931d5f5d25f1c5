{{/* What a render is refused for. */}}
{{- define "chandlery.mariadb.check" -}}
{{- $auth := .Values.auth -}}
{{- include "chandlery.requirePassword" (dict "root" . "existing" $auth.existingSecret "value" $auth.rootPassword "keys" (list "auth.existingSecret" "auth.rootPassword")) -}}
{{- if $auth.username -}}
{{- if eq $auth.username "root" -}}
{{- fail "\n\nauth.username is root, who is there already: set auth.rootPassword, and auth.username to another name." -}}
{{- end -}}
{{- if not $auth.database -}}
{{- fail "\n\nauth.username would own no database: set auth.database." -}}
{{- end -}}
{{- include "chandlery.requirePassword" (dict "root" . "existing" $auth.existingSecret "value" $auth.password "keys" (list "auth.existingSecret" "auth.password")) -}}
{{- end -}}
{{- if eq .Values.architecture "replication" -}}
{{- include "chandlery.requirePassword" (dict "root" . "existing" $auth.existingSecret "value" $auth.replicationPassword "keys" (list "auth.existingSecret" "auth.replicationPassword")) -}}
{{- end -}}
{{- if and .Values.tls.enabled (not .Values.tls.existingSecret) -}}
{{- fail "\n\nThere is no certificate: set tls.existingSecret to a Secret with tls.crt, tls.key and ca.crt." -}}
{{- end -}}
{{- if and .Values.tls.required (eq .Values.architecture "replication") -}}
{{- fail "\n\nReplicas follow the primary without TLS: set tls.required to false, or architecture to standalone." -}}
{{- end -}}
{{- if and .Values.metrics.enabled (not .Values.metrics.existingSecret) -}}
{{- fail "\n\nThe exporter has no user: set metrics.existingSecret to a Secret with my.cnf." -}}
{{- end -}}
{{- range $part := list "primary" "secondary" -}}
{{- if (index $.Values $part).persistence.existingClaim -}}
{{- if and (eq $part "secondary") (gt (int $.Values.secondary.replicaCount) 1) -}}
{{- fail "\n\nTwo servers cannot share files: leave secondary.persistence.existingClaim empty, or set secondary.replicaCount to 1." -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "chandlery.mariadb.secretName" -}}
{{- default (include "chandlery.fullname" .) .Values.auth.existingSecret -}}
{{- end -}}

{{/* One server of the set. Takes a scope; the primary's name is that of the set. */}}
{{- define "chandlery.mariadb.env" -}}
{{- $auth := .root.Values.auth -}}
- name: POD_INDEX
  valueFrom:
    fieldRef:
      fieldPath: metadata.labels['apps.kubernetes.io/pod-index']
- name: MARIADB_ROOT_PASSWORD_FILE
  value: /run/secrets/mariadb/mariadb-root-password
# From within the pod only.
- name: MARIADB_ROOT_HOST
  value: localhost
- name: MARIADB_AUTO_UPGRADE
  value: "1"
{{- if eq .root.Values.architecture "replication" }}
- name: MARIADB_REPLICATION_USER
  value: {{ $auth.replicationUser | quote }}
- name: MARIADB_REPLICATION_PASSWORD_FILE
  value: /run/secrets/mariadb/mariadb-replication-password
{{- end }}
{{- if eq .component "primary" }}
{{- with $auth.database }}
- name: MARIADB_DATABASE
  value: {{ . | quote }}
{{- end }}
{{- with $auth.username }}
- name: MARIADB_USER
  value: {{ . | quote }}
- name: MARIADB_PASSWORD_FILE
  value: /run/secrets/mariadb/mariadb-password
{{- end }}
{{- else }}
# Databases and users come from the primary.
- name: MARIADB_MASTER_HOST
  value: {{ include "chandlery.fullname" .root }}
- name: MARIADB_MASTER_PORT
  value: {{ .root.Values.primary.service.ports.mysql | quote }}
- name: MARIADB_HEALTHCHECK_GRANTS
  value: REPLICA MONITOR
{{- end }}
{{- end -}}

{{- define "chandlery.mariadb.args" -}}
- mariadbd
- --server-id={{ ternary "1" "10" (eq .component "primary") }}$(POD_INDEX)
{{- if eq .root.Values.architecture "replication" }}
- --log-bin=mariadb-bin
- --relay-log=mariadb-relay-bin
- --log-slave-updates
- --gtid-strict-mode=1
{{- end }}
{{- if .root.Values.tls.enabled }}
- --ssl-cert=/etc/mariadb-tls/tls.crt
- --ssl-key=/etc/mariadb-tls/tls.key
- --ssl-ca=/etc/mariadb-tls/ca.crt
{{- if .root.Values.tls.required }}
- --require-secure-transport=1
{{- end }}
{{- end }}
{{- with .values.extraFlags }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "chandlery.mariadb.mounts" -}}
- name: data
  mountPath: /var/lib/mysql
- name: run
  mountPath: /run/mysqld
- name: tmp
  mountPath: /tmp
- name: secrets
  mountPath: /run/secrets/mariadb
  readOnly: true
- name: configuration
  mountPath: /etc/mysql/mariadb.conf.d/90-primary.cnf
  subPath: primary.cnf
  readOnly: true
- name: configuration
  mountPath: /usr/local/share/mariadb/ready.sh
  subPath: ready.sh
  readOnly: true
{{- if eq .component "secondary" }}
- name: configuration
  mountPath: /etc/mysql/mariadb.conf.d/91-secondary.cnf
  subPath: secondary.cnf
  readOnly: true
{{- else if or .root.Values.initdbScripts .root.Values.initdbScriptsConfigMap }}
- name: scripts
  mountPath: /docker-entrypoint-initdb.d
  readOnly: true
{{- end }}
{{- if .root.Values.tls.enabled }}
- name: tls
  mountPath: /etc/mariadb-tls
  readOnly: true
{{- end }}
{{- end -}}

{{- define "chandlery.mariadb.volumes" -}}
- name: run
  emptyDir: {}
- name: tmp
  emptyDir: {}
- name: secrets
  secret:
    secretName: {{ include "chandlery.mariadb.secretName" .root }}
    defaultMode: 288 # 0440
- name: configuration
  configMap:
    name: {{ include "chandlery.fullname" .root }}
{{- if and (eq .component "primary") (or .root.Values.initdbScripts .root.Values.initdbScriptsConfigMap) }}
- name: scripts
  projected:
    sources:
      {{- if .root.Values.initdbScripts }}
      - configMap:
          name: {{ include "chandlery.fullname" .root }}-scripts
      {{- end }}
      {{- with .root.Values.initdbScriptsConfigMap }}
      - configMap:
          name: {{ . }}
      {{- end }}
{{- end }}
{{- if .root.Values.tls.enabled }}
- name: tls
  secret:
    secretName: {{ .root.Values.tls.existingSecret }}
    defaultMode: 288 # 0440
{{- end }}
{{- if .root.Values.metrics.enabled }}
- name: exporter
  secret:
    secretName: {{ .root.Values.metrics.existingSecret }}
    defaultMode: 288 # 0440
{{- end }}
{{- end -}}

{{- define "chandlery.mariadb.exporter" -}}
{{- $metrics := .root.Values.metrics -}}
{{- if $metrics.enabled -}}
- name: metrics
  image: {{ include "chandlery.image" (dict "root" .root "image" $metrics.image "key" "metrics.image") | quote }}
  imagePullPolicy: {{ $metrics.image.pullPolicy }}
  args:
    - --config.my-cnf=/run/secrets/exporter/my.cnf
    - --mysqld.address=127.0.0.1:3306
  ports:
    - name: metrics
      containerPort: 9104
      protocol: TCP
  livenessProbe:
    tcpSocket:
      port: metrics
  readinessProbe:
    httpGet:
      path: /
      port: metrics
  {{- with include "chandlery.securityContext" .values.containerSecurityContext }}
  securityContext:
    {{- . | nindent 4 }}
  {{- end }}
  resources:
    {{- include "chandlery.resources" (dict "resources" $metrics.resources "preset" "nano") | nindent 4 }}
  volumeMounts:
    - name: exporter
      mountPath: /run/secrets/exporter
      readOnly: true
{{- end -}}
{{- end -}}

{{/* Alive is who takes connections, even if there are too many; ready is who can be written to or, as a replica, follows. */}}
{{- define "chandlery.mariadb.actions" -}}
{{- $ready := list "bash" "/usr/local/share/mariadb/ready.sh" -}}
startupProbe:
  exec:
    command: {{ toJson $ready }}
livenessProbe:
  tcpSocket:
    port: mysql
readinessProbe:
  exec:
    command: {{ toJson (ternary (append $ready "replica") $ready (eq .component "secondary")) }}
{{- end -}}

{{/* The set of one component. Takes root and component. */}}
{{- define "chandlery.mariadb.set" -}}
{{- $values := merge (dict) (index .root.Values .component) (dict "replicaCount" 1) -}}
{{- $scope := dict "root" .root "component" .component "values" $values -}}
{{- include "chandlery.statefulSet" (merge (dict
  "container" "mariadb"
  "image" .root.Values.image
  "service" (printf "%s-pods" (include "chandlery.component" $scope))
  "volume" "data"
  "ports" (list (dict "name" "mysql" "port" 3306))
  "args" (include "chandlery.mariadb.args" $scope)
  "env" (include "chandlery.mariadb.env" $scope)
  "mounts" (include "chandlery.mariadb.mounts" $scope)
  "volumes" (include "chandlery.mariadb.volumes" $scope)
  "sidecars" (include "chandlery.mariadb.exporter" $scope)
  "actions" (fromYaml (include "chandlery.mariadb.actions" $scope))
  "annotations" (dict "checksum/configuration" (include "chandlery.mariadb.configuration" .root | sha256sum))
) $scope) -}}
{{- end -}}

{{- define "chandlery.mariadb.configuration" -}}
primary.cnf: |
  {{- .Values.primary.configuration | nindent 2 }}
secondary.cnf: |
  {{- .Values.secondary.configuration | nindent 2 }}
ready.sh: |
  {{- .Files.Get "files/ready.sh" | nindent 2 }}
{{- end -}}
