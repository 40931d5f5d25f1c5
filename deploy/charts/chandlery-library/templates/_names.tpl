{{/*
All named templates of all charts in a release share one space, so every name of ours begins with "chandlery.".

Most templates take a scope: a map with
  root       the chart's root context, always
  component  the part of the application, for example "primary"; none for an application of one part
  values     the values of that part; those of the chart if there are none
and some more keys, which stand above each template.
*/}}

{{/* The chart's name. Takes the root context. */}}
{{- define "chandlery.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* The release's name for its objects, short enough for suffixes. Takes the root context. */}}
{{- define "chandlery.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 46 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 46 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 46 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The name of a component's objects. Takes a scope. */}}
{{- define "chandlery.component" -}}
{{- if .component -}}
{{- printf "%s-%s" (include "chandlery.fullname" .root) .component -}}
{{- else -}}
{{- include "chandlery.fullname" .root -}}
{{- end -}}
{{- end -}}

{{/* The namespace of all objects. Takes the root context. */}}
{{- define "chandlery.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride -}}
{{- end -}}

{{/* The label by which pods may speak to this application, see "chandlery.networkPolicy". Takes the root context. */}}
{{- define "chandlery.clientLabel" -}}
{{- printf "%s-client" (include "chandlery.fullname" .) -}}
{{- end -}}
