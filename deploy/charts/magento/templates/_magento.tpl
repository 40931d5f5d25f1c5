{{- define "chandlery.magento.check" -}}
{{- if not .Values.image.repository -}}
{{- fail "\n\nMagento has no published image: build one from deploy/images/magento, and set image.repository, and image.digest or image.tag." -}}
{{- end -}}
{{- include "chandlery.php.check" . -}}
{{- include "chandlery.requireHost" . -}}
{{- include "chandlery.keys.check" (dict "root" . "keys" (list "crypt-key")) -}}
{{- if not .Values.externalSearch.host -}}
{{- fail "\n\nMagento finds nothing without OpenSearch: set externalSearch.host, for example to a release of the chart opensearch." -}}
{{- end -}}
{{- include "chandlery.checkHost" (dict "host" .Values.externalSearch.host "key" "externalSearch.host") -}}
{{- if and .Values.externalSearch.user (not .Values.externalSearch.existingSecret) -}}
{{- fail "\n\nexternalSearch.user has no password: set externalSearch.existingSecret to a Secret with search-password." -}}
{{- end -}}
{{- if not .Values.externalCache.host -}}
{{- fail "\n\nLogin state, carts and caches have no place that all pods share: set externalCache.host, for example to a release of the chart valkey." -}}
{{- end -}}
{{- include "chandlery.checkHost" (dict "host" .Values.externalCache.host "key" "externalCache.host") -}}
{{- if or (not (regexMatch "^[a-z][a-z0-9_-]{2,}$" .Values.magentoAdminUri)) (eq .Values.magentoAdminUri "admin") -}}
{{- fail (printf "\n\nmagentoAdminUri is %q: set it to three or more lower-case letters, digits, hyphens and underscores, and not to admin." .Values.magentoAdminUri) -}}
{{- end -}}
{{- if not .Values.magentoSkipInstall -}}
{{- include "chandlery.requirePassword" (dict "root" . "existing" .Values.existingSecret "value" .Values.magentoPassword "keys" (list "existingSecret" "magentoPassword")) -}}
{{- $password := .Values.magentoPassword -}}
{{- if and (not .Values.existingSecret) (or (lt (len $password) 7) (not (regexMatch "[A-Za-z]" $password)) (not (regexMatch "[0-9]" $password))) -}}
{{- fail "\n\nMagento takes administrators' passwords of 7 characters or more with letters and digits: set magentoPassword to such a one." -}}
{{- end -}}
{{- if not (regexMatch "^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$" .Values.magentoEmail) -}}
{{- fail (printf "\n\nmagentoEmail is %q, which is no mail address: set it to the administrator's." .Values.magentoEmail) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "chandlery.magento.env" -}}
{{ include "chandlery.database.env" . }}
- name: TABLE_PREFIX
  value: {{ .Values.magentoTablePrefix | quote }}
- name: SHOP_HOST
  value: {{ include "chandlery.host" . | quote }}
- name: ADMIN_URI
  value: {{ .Values.magentoAdminUri | quote }}
- name: OFFLOADER_HEADER
  value: {{ ternary "X-Forwarded-Proto" "" .Values.proxy.trusted | quote }}
- name: SEARCH_HOST
  value: {{ .Values.externalSearch.host | quote }}
- name: SEARCH_PORT
  value: {{ .Values.externalSearch.port | quote }}
- name: SEARCH_SCHEME
  value: {{ .Values.externalSearch.scheme }}
- name: SEARCH_PREFIX
  value: {{ .Values.externalSearch.prefix | quote }}
- name: SEARCH_USER
  value: {{ .Values.externalSearch.user | quote }}
- name: CACHE_HOST
  value: {{ .Values.externalCache.host | quote }}
- name: CACHE_PORT
  value: {{ .Values.externalCache.port | quote }}
{{- end -}}

{{- define "chandlery.magento.secrets" -}}
{{ include "chandlery.php.secretFiles" . }}
{{ include "chandlery.keys.files" (dict "root" . "keys" (list "crypt-key")) }}
{{- with .Values.externalSearch.existingSecret }}
- secret: {{ . }}
  key: search-password
  path: search-password
{{- end }}
{{- with .Values.externalCache.existingSecret }}
- secret: {{ . }}
  key: cache-password
  path: cache-password
{{- end }}
{{- end -}}

{{/* The code is read-only; what changes lies on volumes. */}}
{{- define "chandlery.magento.mounts" -}}
- name: var
  mountPath: /var/www/magento/var
- name: tmp
  mountPath: /tmp
- name: media
  mountPath: /var/www/magento/pub/media
- name: configuration
  mountPath: /var/www/magento/app/etc/env.php
  subPath: env.php
  readOnly: true
- name: configuration
  mountPath: /usr/local/etc/php/conf.d/zz-chandlery.ini
  subPath: php.ini
  readOnly: true
- name: configuration
  mountPath: /usr/local/etc/php-fpm.d/zz-chandlery.conf
  subPath: fpm.conf
  readOnly: true
{{ include "chandlery.secretMount" . }}
{{- end -}}

{{- define "chandlery.magento.volumes" -}}
- name: var
  emptyDir: {}
- name: tmp
  emptyDir: {}
- name: configuration
  configMap:
    name: {{ include "chandlery.fullname" . }}
{{ include "chandlery.claimVolume" (dict "root" . "volume" "media") }}
{{- end -}}

{{- define "chandlery.magento.nginx" -}}
- name: nginx
  image: {{ include "chandlery.image" (dict "root" . "image" .Values.image) | quote }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  {{- with include "chandlery.securityContext" .Values.containerSecurityContext }}
  securityContext:
    {{- . | nindent 4 }}
  {{- end }}
  command: [nginx, -c, /etc/nginx/chandlery.conf, -g, daemon off;]
  ports:
    - name: http
      containerPort: 8080
      protocol: TCP
  livenessProbe:
    tcpSocket:
      port: http
    periodSeconds: 10
  readinessProbe:
    httpGet:
      path: /-/live
      port: http
    periodSeconds: 5
  lifecycle:
    preStop:
      sleep:
        seconds: 5
  resources:
    {{- include "chandlery.resources" (dict "resources" .Values.nginx.resources "preset" "nano") | nindent 4 }}
  volumeMounts:
    - name: configuration
      mountPath: /etc/nginx/chandlery.conf
      subPath: nginx.conf
      readOnly: true
    - name: media
      mountPath: /var/www/magento/pub/media
    - name: tmp
      mountPath: /tmp
{{- end -}}
