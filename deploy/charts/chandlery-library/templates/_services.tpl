{{/* A Service. Takes a scope, and ports: a list of name, port, targetPort, and perhaps nodePort and appProtocol. */}}
{{- define "chandlery.service" -}}
{{- $values := default .root.Values .values -}}
{{- $service := $values.service -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "chandlery.metadata" (merge (dict "annotations" $service.annotations "labels" $service.labels) .) | nindent 2 }}
spec:
  type: {{ $service.type }}
  {{- with $service.clusterIP }}
  clusterIP: {{ . }}
  {{- end }}
  {{- if eq $service.type "LoadBalancer" }}
  {{- with $service.loadBalancerIP }}
  loadBalancerIP: {{ . }}
  {{- end }}
  {{- with $service.loadBalancerSourceRanges }}
  loadBalancerSourceRanges:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- end }}
  {{- if ne $service.type "ClusterIP" }}
  externalTrafficPolicy: {{ default "Cluster" $service.externalTrafficPolicy }}
  {{- end }}
  {{- with $service.sessionAffinity }}
  sessionAffinity: {{ . }}
  {{- end }}
  ports:
    {{- range .ports }}
    - name: {{ .name }}
      port: {{ .port }}
      targetPort: {{ .targetPort }}
      protocol: TCP
      {{- with .appProtocol }}
      appProtocol: {{ . }}
      {{- end }}
      {{- if and .nodePort (ne $service.type "ClusterIP") }}
      nodePort: {{ .nodePort }}
      {{- end }}
    {{- end }}
    {{- with $service.extraPorts }}
    {{- tpl (toYaml .) $.root | nindent 4 }}
    {{- end }}
  selector:
    {{- include "chandlery.selector" . | nindent 4 }}
{{- end -}}
