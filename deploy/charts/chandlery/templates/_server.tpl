{{/* What a render is refused for. */}}
{{- define "chandlery.server.check" -}}
{{- $open := .Values.env.open -}}
{{- $storage := lower (toString $open.STORAGE) -}}
{{- if not (has $storage (list "local" "amazon")) -}}
{{- fail (printf "\n\nenv.open.STORAGE is %q, which this server does not have: set it to local, a directory, or to amazon, an S3 bucket." $storage) -}}
{{- end -}}
{{- if and (eq $storage "amazon") (not $open.STORAGE_AMAZON_BUCKET) -}}
{{- fail "\n\nenv.open.STORAGE is amazon, but there is no bucket: set env.open.STORAGE_AMAZON_BUCKET." -}}
{{- end -}}
{{- if and (eq $storage "amazon") (not $open.STORAGE_AMAZON_REGION) (not $open.STORAGE_AMAZON_ENDPOINT) -}}
{{- fail "\n\nenv.open.STORAGE is amazon, but it is not said where: set env.open.STORAGE_AMAZON_REGION, or env.open.STORAGE_AMAZON_ENDPOINT." -}}
{{- end -}}
{{- $user := or (get .Values.env.secret "BASIC_AUTH_USER") (get $open "BASIC_AUTH_USER") -}}
{{- $password := or (get .Values.env.secret "BASIC_AUTH_PASS") (get $open "BASIC_AUTH_PASS") -}}
{{- if get $open "BASIC_AUTH_PASS" -}}
{{- fail "\n\nenv.open.BASIC_AUTH_PASS would be readable in the Deployment: set env.secret.BASIC_AUTH_PASS, or env.existingSecret." -}}
{{- end -}}
{{- if and .Values.production .Values.env.secret (not .Values.env.existingSecret) -}}
{{- fail "\n\nproduction is true, so secrets do not belong in values: set env.existingSecret to the name of a Secret, and env.existingSecretMappings." -}}
{{- end -}}
{{- if not .Values.env.existingSecret -}}
{{- if and $user (not $password) -}}
{{- fail "\n\nThere is a user without a password: set env.secret.BASIC_AUTH_PASS, or env.existingSecret." -}}
{{- end -}}
{{- if and $password (not $user) -}}
{{- fail "\n\nThere is a password without a user: set env.secret.BASIC_AUTH_USER." -}}
{{- end -}}
{{- end -}}
{{- $guarded := or $user (get .Values.env.existingSecretMappings "BASIC_AUTH_PASS") .Values.bearerAuth.secret.enabled .Values.tls.clientCASecret .Values.allowAnonymousWrites -}}
{{- if and (eq (toString $open.DISABLE_API) "false") (not $guarded) -}}
{{- fail "\n\nenv.open.DISABLE_API is false, and anybody could upload and delete: set env.secret.BASIC_AUTH_USER and env.secret.BASIC_AUTH_PASS, env.existingSecret with env.existingSecretMappings, bearerAuth.secret.enabled, or allowAnonymousWrites." -}}
{{- end -}}
{{- if and .Values.env.existingSecret (not .Values.env.existingSecretMappings) -}}
{{- fail "\n\nenv.existingSecret is set, but not what is in it: set env.existingSecretMappings, for example to {BASIC_AUTH_USER: user, BASIC_AUTH_PASS: password}." -}}
{{- end -}}
{{- if and .Values.bearerAuth.secret.enabled (not (and (get $open "AUTH_REALM") (get $open "AUTH_SERVICE"))) -}}
{{- fail "\n\nBearer tokens need a realm and a service: set env.open.AUTH_REALM and env.open.AUTH_SERVICE." -}}
{{- end -}}
{{- if and .Values.tls.clientCASecret (not .Values.tls.existingSecret) -}}
{{- fail "\n\ntls.clientCASecret needs a server certificate beside it: set tls.existingSecret." -}}
{{- end -}}
{{- if and .Values.serviceMonitor.enabled (ne (toString (get $open "ENABLE_METRICS")) "true") -}}
{{- fail "\n\nserviceMonitor.enabled is true, but the server shows no metrics: set env.open.ENABLE_METRICS to true." -}}
{{- end -}}
{{- range .Values.extraArgs -}}
{{- if contains " " . -}}
{{- fail (printf "\n\nextraArgs has %q, which the server would take for one word: write it as --flag=value." .) -}}
{{- end -}}
{{- end -}}
{{- if eq (include "chandlery.server.onDirectory" .) "true" -}}
{{- include "chandlery.checkVolume" (dict "root" . "values" (merge (dict "persistence" (dict "enabled" .Values.persistence.enabled "accessModes" (list .Values.persistence.accessMode))) .Values)) -}}
{{- end -}}
{{- end -}}

{{- define "chandlery.server.onDirectory" -}}
{{- eq (lower (toString .Values.env.open.STORAGE)) "local" -}}
{{- end -}}

{{- define "chandlery.server.env" -}}
{{- $directory := eq (include "chandlery.server.onDirectory" .) "true" -}}
{{- $open := omit .Values.env.open "PORT" -}}
{{- $chart := dict "PORT" "8080" "CATALOGUE" "/catalogue" -}}
{{- if $directory -}}
{{- $_ := set $chart "STORAGE_LOCAL_ROOTDIR" .Values.persistence.path -}}
{{- if gt (include "chandlery.mostReplicas" (dict "root" .) | int) 1 -}}
{{- $_ := set $chart "READ_FRESHNESS" "strict" -}}
{{- end -}}
{{- end -}}
{{- if .Values.bearerAuth.secret.enabled -}}
{{- $_ := set $chart "BEARER_AUTH" "true" -}}
{{- $_ := set $chart "AUTH_CERT_PATH" "/var/keys/public-key.pem" -}}
{{- end -}}
{{- if .Values.tls.existingSecret -}}
{{- $_ := set $chart "TLS_CERT" "/etc/chandlery/tls/tls.crt" -}}
{{- $_ := set $chart "TLS_KEY" "/etc/chandlery/tls/tls.key" -}}
{{- end -}}
{{- if .Values.tls.clientCASecret -}}
{{- $_ := set $chart "TLS_CA_CERT" "/etc/chandlery/client-ca/ca.crt" -}}
{{- end -}}
{{- range $name, $value := merge (dict) $open $chart }}
{{- if ne (toString $value) "" }}
- name: {{ $name }}
  value: {{ $value | toString | quote }}
{{- end }}
{{- end }}
{{- range $name, $path := .Values.env.field }}
- name: {{ $name }}
  valueFrom:
    fieldRef:
      fieldPath: {{ $path }}
{{- end }}
{{- if .Values.env.existingSecret }}
{{- range $name, $key := .Values.env.existingSecretMappings }}
{{- if $key }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef:
      name: {{ $.Values.env.existingSecret }}
      key: {{ $key }}
{{- end }}
{{- end }}
{{- else }}
{{- range $name, $value := .Values.env.secret }}
{{- if $value }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef:
      name: {{ include "chandlery.fullname" $ }}
      key: {{ $name }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "chandlery.server.mounts" -}}
- name: catalogue
  mountPath: /catalogue
{{- if eq (include "chandlery.server.onDirectory" .) "true" }}
- name: storage
  mountPath: {{ .Values.persistence.path }}
{{- end }}
{{- if .Values.bearerAuth.secret.enabled }}
- name: bearer
  mountPath: /var/keys
  readOnly: true
{{- end }}
{{- if .Values.tls.existingSecret }}
- name: tls
  mountPath: /etc/chandlery/tls
  readOnly: true
{{- end }}
{{- if .Values.tls.clientCASecret }}
- name: client-ca
  mountPath: /etc/chandlery/client-ca
  readOnly: true
{{- end }}
{{- end -}}

{{- define "chandlery.server.volumes" -}}
- name: catalogue
  emptyDir:
    sizeLimit: {{ .Values.catalogue.sizeLimit }}
{{- if eq (include "chandlery.server.onDirectory" .) "true" }}
{{ include "chandlery.claimVolume" (dict "root" . "volume" "storage") }}
{{- end }}
{{- if .Values.bearerAuth.secret.enabled }}
- name: bearer
  secret:
    secretName: {{ .Values.bearerAuth.secret.publicKeySecret }}
{{- end }}
{{- if .Values.tls.existingSecret }}
- name: tls
  secret:
    secretName: {{ .Values.tls.existingSecret }}
{{- end }}
{{- if .Values.tls.clientCASecret }}
- name: client-ca
  secret:
    secretName: {{ .Values.tls.clientCASecret }}
{{- end }}
{{- end -}}

{{/* A probe of the kubelet, which has no client certificate. Takes root and path. */}}
{{- define "chandlery.server.probe" -}}
{{- if .root.Values.tls.clientCASecret -}}
tcpSocket:
  port: http
{{- else -}}
httpGet:
  path: {{ .path }}
  port: http
  scheme: {{ ternary "HTTPS" "HTTP" (ne .root.Values.tls.existingSecret "") }}
{{- end -}}
{{- end -}}

{{/* A volume of one node: the pods of a rolling update have to meet on it, or the new one would wait for the volume for ever. */}}
{{- define "chandlery.server.affinity" -}}
{{- if and (eq (include "chandlery.server.onDirectory" .) "true") .Values.persistence.enabled (eq .Values.persistence.accessMode "ReadWriteOnce") -}}
podAffinity:
  requiredDuringSchedulingIgnoredDuringExecution:
    - topologyKey: kubernetes.io/hostname
      labelSelector:
        matchLabels:
          {{- include "chandlery.selector" (dict "root" .) | nindent 10 }}
{{- end -}}
{{- end -}}
