{{- define "chandlery.backup-check.check" -}}
{{- $source := .Values.source -}}
{{- if and (eq $source.type "volume") (not $source.existingClaim) -}}
{{- fail "\n\nThere are no backups to check: set source.existingClaim to the claim with the dumps." -}}
{{- end -}}
{{- if eq $source.type "s3" -}}
{{- if not $source.s3.bucket -}}
{{- fail "\n\nThere are no backups to check: set source.s3.bucket, or source.type to volume and source.existingClaim." -}}
{{- end -}}
{{- if not (or $source.s3.region $source.s3.endpoint) -}}
{{- fail "\n\nIt is not said where the bucket is: set source.s3.region or source.s3.endpoint." -}}
{{- end -}}
{{- end -}}
{{- if not (regexMatch "^(@[a-z]+|(\\S+\\s+){4}\\S+)$" .Values.schedule) -}}
{{- fail (printf "\n\nschedule is %q: set it to five fields as in cron, for example to \"0 3 1 * *\"." .Values.schedule) -}}
{{- end -}}
{{- end -}}

{{- define "chandlery.backup-check.fetch" -}}
{{- $s3 := .Values.source.s3 -}}
- name: fetch
  image: {{ include "chandlery.image" (dict "root" . "image" $s3.image "key" "source.s3.image") | quote }}
  imagePullPolicy: {{ $s3.image.pullPolicy }}
  securityContext:
    {{- include "chandlery.securityContext" .Values.containerSecurityContext | nindent 4 }}
  command: [sh, /scripts/fetch.sh]
  env:
    - name: PLACE
      value: {{ printf "%s/%s" $s3.bucket (trimAll "/" .Values.source.path) | trimSuffix "/" | quote }}
    - name: PATTERN
      value: {{ .Values.source.pattern | quote }}
    - name: HOME
      value: /tmp
    - name: RCLONE_CONFIG_SOURCE_TYPE
      value: s3
    - name: RCLONE_CONFIG_SOURCE_PROVIDER
      value: {{ ternary "Other" "AWS" (ne $s3.endpoint "") }}
    {{- with $s3.region }}
    - name: RCLONE_CONFIG_SOURCE_REGION
      value: {{ . }}
    {{- end }}
    {{- with $s3.endpoint }}
    - name: RCLONE_CONFIG_SOURCE_ENDPOINT
      value: {{ . | quote }}
    {{- end }}
    {{- if $s3.existingSecret }}
    - name: RCLONE_CONFIG_SOURCE_ACCESS_KEY_ID
      valueFrom:
        secretKeyRef:
          name: {{ $s3.existingSecret }}
          key: access-key-id
    - name: RCLONE_CONFIG_SOURCE_SECRET_ACCESS_KEY
      valueFrom:
        secretKeyRef:
          name: {{ $s3.existingSecret }}
          key: secret-access-key
    {{- else }}
    - name: RCLONE_CONFIG_SOURCE_ENV_AUTH
      value: "true"
    {{- end }}
  resources:
    {{- include "chandlery.resources" (dict "preset" "micro") | nindent 4 }}
  volumeMounts:
    - name: scripts
      mountPath: /scripts
      readOnly: true
    - name: scratch
      mountPath: /scratch
    - name: tmp
      mountPath: /tmp
{{- end -}}

{{- define "chandlery.backup-check.env" -}}
- name: BACKUPS
  value: {{ ternary "/scratch/backup" (printf "/backups/%s" (trimAll "/" .Values.source.path)) (eq .Values.source.type "s3") | quote }}
- name: PATTERN
  value: {{ ternary "*" .Values.source.pattern (eq .Values.source.type "s3") | quote }}
- name: MAX_AGE_HOURS
  value: {{ .Values.maxAgeHours | quote }}
- name: MIN_TABLES
  value: {{ .Values.minTables | quote }}
- name: SCRATCH
  value: /scratch
- name: QUESTIONS
  value: /scripts/questions.tsv
{{- end -}}

{{- define "chandlery.backup-check.mounts" -}}
- name: scripts
  mountPath: /scripts
  readOnly: true
- name: scratch
  mountPath: /scratch
- name: tmp
  mountPath: /tmp
{{- if eq .Values.source.type "volume" }}
- name: backups
  mountPath: /backups
  readOnly: true
{{- end }}
{{- end -}}

{{- define "chandlery.backup-check.volumes" -}}
- name: scripts
  configMap:
    name: {{ include "chandlery.fullname" . }}
- name: tmp
  emptyDir: {}
- name: scratch
  {{- if .Values.scratch.storageClass }}
  ephemeral:
    volumeClaimTemplate:
      spec:
        accessModes: [ReadWriteOnce]
        storageClassName: {{ .Values.scratch.storageClass }}
        resources:
          requests:
            storage: {{ .Values.scratch.size }}
  {{- else }}
  emptyDir:
    sizeLimit: {{ .Values.scratch.size }}
  {{- end }}
{{- if eq .Values.source.type "volume" }}
- name: backups
  persistentVolumeClaim:
    claimName: {{ .Values.source.existingClaim }}
    readOnly: true
{{- end }}
{{- end -}}
