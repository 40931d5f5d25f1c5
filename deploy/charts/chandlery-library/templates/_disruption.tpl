{{/* A PodDisruptionBudget, where it leaves a pod to evict: one of a single pod would only keep nodes from draining. Takes a scope. */}}
{{- define "chandlery.disruptionBudget" -}}
{{- $values := default .root.Values .values -}}
{{- if and $values.pdb.create (gt (include "chandlery.fewestReplicas" . | int) 1) -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "chandlery.metadata" . | nindent 2 }}
spec:
  {{- if $values.pdb.minAvailable }}
  minAvailable: {{ $values.pdb.minAvailable }}
  {{- else }}
  maxUnavailable: {{ default 1 $values.pdb.maxUnavailable }}
  {{- end }}
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "chandlery.selector" . | nindent 6 }}
{{- end -}}
{{- end -}}
