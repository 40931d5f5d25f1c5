{{/*
The full name of an image. The digest wins over the tag. Takes
  root   the root context
  image  registry, repository, tag, digest
  key    the value's name, for messages
  tag    used if the image names none
*/}}
{{- define "chandlery.image" -}}
{{- $key := default "image" .key -}}
{{- $image := .image -}}
{{- $registry := default $image.registry (.root.Values.global).imageRegistry -}}
{{- if not $image.repository -}}
{{- fail (printf "\n\nThere is no image to run: set %s.repository, and %s.digest or %s.tag." $key $key $key) -}}
{{- end -}}
{{- $name := $image.repository -}}
{{- if $registry -}}
{{- $name = printf "%s/%s" (trimSuffix "/" $registry) $name -}}
{{- end -}}
{{- $tag := toString (default (default "" .tag) $image.tag) -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $name $image.digest -}}
{{- else if eq $tag "latest" -}}
{{- fail (printf "\n\n%s.tag is \"latest\", which means another image tomorrow: set a fixed %s.tag, or %s.digest." $key $key $key) -}}
{{- else if not $tag -}}
{{- fail (printf "\n\nThe image %s has no version: set %s.digest or %s.tag." $name $key $key) -}}
{{- else -}}
{{- printf "%s:%s" $name $tag -}}
{{- end -}}
{{- end -}}

{{/* The pod's imagePullSecrets: global ones, then the image's own. Takes root and image. */}}
{{- define "chandlery.pullSecrets" -}}
{{- $names := list -}}
{{- range concat (default (list) (.root.Values.global).imagePullSecrets) (default (list) .image.pullSecrets) -}}
{{- $names = append $names (ternary (dict "name" .) . (kindIs "string" .)) -}}
{{- end -}}
{{- with uniq $names }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end -}}
{{- end -}}
