{{/*
A NetworkPolicy: in from the gateway's namespace, from this release, and from pods with the client label; out to DNS and the
ports that are named. Takes a scope, and
  ports      the ports of the container that are served
  monitored  ports that Prometheus' namespace may reach as well
  egress     ports on any host that the application calls
  inside     true: the release's own pods speak to each other on ports; always so without a component,
             when the policy is that of all pods of the release, its jobs among them
*/}}
{{- define "chandlery.networkPolicy" -}}
{{- $values := default .root.Values .values -}}
{{- $policy := $values.networkPolicy -}}
{{- $scope := . -}}
{{- $inside := or .inside (not .component) -}}
{{- if $policy.enabled -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "chandlery.metadata" . | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- if .component }}
      {{- include "chandlery.selector" . | nindent 6 }}
      {{- else }}
      {{- include "chandlery.releaseSelector" . | nindent 6 }}
      {{- end }}
  policyTypes:
    - Ingress
    - Egress
  ingress:
    - ports:
        {{- range .ports }}
        - port: {{ . }}
          protocol: TCP
        {{- end }}
      {{- if not $policy.allowExternal }}
      from:
        - podSelector:
            matchLabels:
              {{ include "chandlery.clientLabel" .root }}: "true"
        {{- if $inside }}
        - podSelector:
            matchLabels:
              {{- include "chandlery.releaseSelector" . | nindent 14 }}
        {{- end }}
        {{- if $policy.ingressNSMatchLabels }}
        - namespaceSelector:
            matchLabels:
              {{- toYaml $policy.ingressNSMatchLabels | nindent 14 }}
          {{- with $policy.ingressNSPodMatchLabels }}
          podSelector:
            matchLabels:
              {{- toYaml . | nindent 14 }}
          {{- end }}
        {{- end }}
      {{- end }}
    {{- if and .monitored $policy.metricsNSMatchLabels }}
    - ports:
        {{- range .monitored }}
        - port: {{ . }}
          protocol: TCP
        {{- end }}
      from:
        - namespaceSelector:
            matchLabels:
              {{- toYaml $policy.metricsNSMatchLabels | nindent 14 }}
    {{- end }}
    {{- with $policy.extraIngress }}
    {{- tpl (toYaml .) $scope.root | nindent 4 }}
    {{- end }}
  egress:
    {{- if $policy.allowExternalEgress }}
    - {}
    {{- else }}
    - ports:
        - port: 53
          protocol: UDP
        - port: 53
          protocol: TCP
    {{- with .egress }}
    # Any host but the cloud's metadata service, which hands out the node's credentials.
    - ports:
        {{- range (uniq .) }}
        - port: {{ . }}
          protocol: TCP
        {{- end }}
      to:
        - ipBlock:
            cidr: 0.0.0.0/0
            except:
              - 169.254.0.0/16
        - ipBlock:
            cidr: ::/0
            except:
              - fe80::/10
              - fd00:ec2::/32
    {{- end }}
    {{- if $inside }}
    - to:
        - podSelector:
            matchLabels:
              {{- include "chandlery.releaseSelector" . | nindent 14 }}
      ports:
        {{- range .ports }}
        - port: {{ . }}
          protocol: TCP
        {{- end }}
    {{- end }}
    {{- with $policy.extraEgress }}
    {{- tpl (toYaml .) $scope.root | nindent 4 }}
    {{- end }}
    {{- end }}
{{- end -}}
{{- end -}}
