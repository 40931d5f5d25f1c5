{{- define "chandlery.gateway.check" -}}
{{- if not .Values.hostnames -}}
{{- fail "\n\nThe gateway serves nothing: set hostnames, for example to [shop.example.com]." -}}
{{- end -}}
{{- range .Values.hostnames -}}
{{- include "chandlery.checkHost" (dict "host" . "key" "hostnames") -}}
{{- if and (eq $.Values.tls.mode "existing") (not (get $.Values.tls.existingSecrets .)) -}}
{{- fail (printf "\n\n%s has no certificate: set its Secret in tls.existingSecrets, or tls.mode to certificate." .) -}}
{{- end -}}
{{- end -}}
{{- if ne (len .Values.hostnames) (len (uniq .Values.hostnames)) -}}
{{- fail "\n\nA host name is there twice: name each once in hostnames." -}}
{{- end -}}
{{- if and (eq .Values.tls.mode "certificate") (not .Values.tls.issuerRef.name) -}}
{{- fail "\n\nNobody issues the certificates: set tls.issuerRef.name, for example to letsencrypt-production." -}}
{{- end -}}
{{- end -}}

{{/* A name made of a host name. */}}
{{- define "chandlery.gateway.part" -}}
{{- $name := . | replace "*" "wildcard" | replace "." "-" -}}
{{- if gt (len $name) 50 }}{{ printf "%s-%s" (trunc 41 $name) (sha256sum . | trunc 8) }}{{ else }}{{ $name }}{{ end -}}
{{- end -}}

{{/* The Secret of a host name. Takes root and host. */}}
{{- define "chandlery.gateway.secret" -}}
{{- if eq .root.Values.tls.mode "existing" -}}
{{- get .root.Values.tls.existingSecrets .host -}}
{{- else -}}
{{- include "chandlery.gateway.part" .host }}-tls
{{- end -}}
{{- end -}}

{{- define "chandlery.gateway.allowed" -}}
allowedRoutes:
  namespaces:
    from: Selector
    selector:
      matchLabels:
        {{- toYaml .Values.routeNamespaces | nindent 8 }}
{{- end -}}
