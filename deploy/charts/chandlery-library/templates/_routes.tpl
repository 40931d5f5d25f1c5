{{/* An Ingress, if it is on. Takes a scope, and port: a port's name of the Service. */}}
{{- define "chandlery.ingress" -}}
{{- $values := default .root.Values .values -}}
{{- $ingress := $values.ingress -}}
{{- $scope := . -}}
{{- $service := include "chandlery.component" . -}}
{{- include "chandlery.checkRoutes" . -}}
{{- if $ingress.enabled -}}
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  {{- include "chandlery.metadata" (merge (dict "annotations" $ingress.annotations "labels" $ingress.labels) .) | nindent 2 }}
spec:
  {{- with $ingress.ingressClassName }}
  ingressClassName: {{ . }}
  {{- end }}
  rules:
    {{- $hosts := prepend (default (list) $ingress.extraHosts) (dict "name" $ingress.hostname "path" $ingress.path "pathType" $ingress.pathType) }}
    {{- range $hosts }}
    - host: {{ .name | quote }}
      http:
        paths:
          {{- with $ingress.extraPaths }}
          {{- tpl (toYaml .) $scope.root | nindent 10 }}
          {{- end }}
          - path: {{ default "/" .path }}
            pathType: {{ default $ingress.pathType .pathType }}
            backend:
              service:
                name: {{ $service }}
                port:
                  name: {{ default "http" $scope.port }}
    {{- end }}
  {{- if or $ingress.tls $ingress.extraTls }}
  tls:
    {{- if $ingress.tls }}
    - hosts:
        {{- range $hosts }}
        - {{ .name | quote }}
        {{- end }}
      secretName: {{ default (printf "%s-tls" ($ingress.hostname | replace "*" "wildcard")) $ingress.tlsSecret }}
    {{- end }}
    {{- with $ingress.extraTls }}
    {{- tpl (toYaml .) $scope.root | nindent 4 }}
    {{- end }}
  {{- end }}
{{- end -}}
{{- end -}}

{{/*
An HTTPRoute, if it is on. Whether the cluster has the Gateway API is not asked: a render without a cluster could not know.
Takes a scope, and port: the Service's port.
*/}}
{{- define "chandlery.httpRoute" -}}
{{- $values := default .root.Values .values -}}
{{- $route := $values.httpRoute -}}
{{- $scope := . -}}
{{- $service := include "chandlery.component" . -}}
{{- include "chandlery.checkRoutes" . -}}
{{- if $route.enabled -}}
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  {{- include "chandlery.metadata" (merge (dict "annotations" $route.annotations "labels" $route.labels) .) | nindent 2 }}
spec:
  parentRefs:
    {{- tpl (toYaml $route.parentRefs) .root | nindent 4 }}
  {{- with $route.hostnames }}
  hostnames:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  rules:
    {{- range $route.rules }}
    - {{- with .matches }}
      matches:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .filters }}
      filters:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .timeouts }}
      timeouts:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      backendRefs:
        - name: {{ $service }}
          port: {{ $scope.port }}
    {{- end }}
{{- end -}}
{{- end -}}
