{{/* The options of a service's pods: those of all, with its own, as JSON. dict "root" $ "values"
MAP */}}
{{- define "lectern.podOptions" -}}
{{- $options := dict -}}
{{- range $key, $shared := .root.Values.pods -}}
{{- $own := get $.values $key -}}
{{- if not (hasKey $.values $key) -}}
{{- $_ := set $options $key $shared -}}
{{- else if kindIs "map" $shared -}}
{{- $_ := set $options $key (mergeOverwrite (deepCopy $shared) $own) -}}
{{- else if kindIs "slice" $shared -}}
{{- $_ := set $options $key (concat $shared $own) -}}
{{- else -}}
{{- $_ := set $options $key $own -}}
{{- end -}}
{{- end -}}
{{- toJson $options -}}
{{- end -}}

{{- define "lectern.containerSecurity" -}}
allowPrivilegeEscalation: false
capabilities:
  drop: [ALL]
privileged: false
readOnlyRootFilesystem: true
{{- end -}}

{{/* Security of a pod. The user of our images is 65532. */}}
{{- define "lectern.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{/* What of a pod depends on the installation alone. dict "root" $ "options" MAP, which may be
empty */}}
{{- define "lectern.podCommon" -}}
enableServiceLinks: false
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if .options.userNamespaces }}
hostUsers: false
{{- end }}
{{- range $key := list "priorityClassName" "runtimeClassName" "schedulerName" }}
{{- with get $.options $key }}
{{ $key }}: {{ . }}
{{- end }}
{{- end }}
{{- range $key := list "nodeSelector" "tolerations" }}
{{- with get $.options $key }}
{{ $key }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end -}}

{{/* A variable from a Secret. dict "name" VARIABLE "secret" MAP */}}
{{- define "lectern.secretVariable" -}}
{{- if .secret.name }}
- name: {{ .name }}
  valueFrom:
    secretKeyRef:
      name: {{ .secret.name }}
      key: {{ .secret.key }}
{{- end }}
{{- end -}}

{{/* The secrets of a service that it reads from variables. dict "root" $ "service" NAME "values"
MAP */}}
{{- define "lectern.secretVariables" -}}
{{- $values := .root.Values -}}
{{- if ne .service "single" }}
{{- include "lectern.secretVariable" (dict "name" "LECTERN_SECRET" "secret" $values.secrets.installation) }}
{{- include "lectern.secretVariable" (dict "name" "LECTERN_SECRET_PREVIOUS" "secret" $values.secrets.previous) }}
{{- include "lectern.secretVariable" (dict "name" "LECTERN_OBJECT_SECRET" "secret" $values.secrets.objects) }}
{{- include "lectern.secretVariable" (dict "name" "LECTERN_QUEUE__URL" "secret" .values.queue.url) }}
{{- if eq .service "gateway" }}
{{- include "lectern.secretVariable" (dict "name" "LECTERN_ADMIN_KEY" "secret" .values.adminKey) }}
{{- include "lectern.secretVariable" (dict "name" "LECTERN_ADMIN_KEY_PREVIOUS" "secret" .values.adminKeyPrevious) }}
{{- end }}
{{- if $values.storage.credentials.name }}
- name: GOOGLE_APPLICATION_CREDENTIALS
  value: /etc/lectern/storage-credentials/{{ $values.storage.credentials.key }}
{{- end }}
{{- end }}
{{- include "lectern.secretVariable" (dict "name" "LECTERN_TELEMETRY__OTLP_HEADERS" "secret" $values.telemetry.otlpHeaders) }}
{{- end -}}

{{/* Who the pod is, for traces and metrics. */}}
{{- define "lectern.identityVariables" -}}
- name: POD_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
- name: POD_NAMESPACE
  valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
- name: POD_UID
  valueFrom: {fieldRef: {fieldPath: metadata.uid}}
- name: NODE_NAME
  valueFrom: {fieldRef: {fieldPath: spec.nodeName}}
- name: LECTERN_TELEMETRY__INSTANCE
  value: $(POD_UID)
- name: OTEL_RESOURCE_ATTRIBUTES
  value: {{ $attributes := "k8s.pod.name=$(POD_NAME),k8s.namespace.name=$(POD_NAMESPACE),k8s.pod.uid=$(POD_UID),k8s.node.name=$(NODE_NAME),service.instance.id=$(POD_UID)" -}}
  {{- range $name, $value := .Values.telemetry.attributes }}{{ $attributes = printf "%s,%s=%s" $attributes $name $value }}{{ end -}}
  {{- $attributes | quote }}
{{- end -}}

{{/* The Secrets that a service reads as files: name of the volume to name and keys of the Secret,
as JSON. dict "root" $ "service" NAME "values" MAP */}}
{{- define "lectern.secretFiles" -}}
{{- $values := .root.Values -}}
{{- $files := dict -}}
{{- if ne .service "single" -}}
{{- with .values.database.password }}{{ if .name }}{{ $_ := set $files "database-password" (dict "name" .name "keys" (list .key)) }}{{ end }}{{ end -}}
{{- with .values.database.certificate }}{{ if .name }}{{ $_ := set $files "database-certificate" (dict "name" .name "keys" (list .key)) }}{{ end }}{{ end -}}
{{- with $values.database.ca }}{{ if .name }}{{ $_ := set $files "database-ca" (dict "name" .name "keys" (list .key)) }}{{ end }}{{ end -}}
{{- with .values.queue.credentials }}{{ if .name }}{{ $_ := set $files "queue-credentials" (dict "name" .name "keys" (list .key)) }}{{ end }}{{ end -}}
{{- with $values.queue.ca }}{{ if .name }}{{ $_ := set $files "queue-ca" (dict "name" .name "keys" (list .key)) }}{{ end }}{{ end -}}
{{- with $values.storage.credentials }}{{ if .name }}{{ $_ := set $files "storage-credentials" (dict "name" .name "keys" (list .key)) }}{{ end }}{{ end -}}
{{- if and $values.tls.enabled (not .job) }}{{ $_ := set $files "tls" (dict "name" (include "lectern.tlsSecret" .) "keys" (list "tls.crt" "tls.key" "ca.crt")) }}{{ end -}}
{{- end -}}
{{- if not .job -}}
{{- range $writer, $secret := .values.writerKeys }}{{ $_ := set $files (printf "writer-key-%s" $writer) (dict "name" $secret.name "keys" (list $secret.key)) }}{{ end -}}
{{- range $engine, $secret := .values.engineKeys }}{{ $_ := set $files (printf "engine-key-%s" $engine) (dict "name" $secret.name "keys" (list $secret.key)) }}{{ end -}}
{{- end -}}
{{- toJson $files -}}
{{- end -}}

{{- define "lectern.secretVolumes" -}}
{{- range $volume, $secret := include "lectern.secretFiles" . | fromJson }}
- name: {{ $volume }}
  secret:
    secretName: {{ $secret.name }}
    defaultMode: 0440
    items:
      {{- range $key := $secret.keys }}
      - {key: {{ $key }}, path: {{ $key }}}
      {{- end }}
{{- end }}
{{- end -}}

{{- define "lectern.secretMounts" -}}
{{- range $volume, $secret := include "lectern.secretFiles" . | fromJson }}
- name: {{ $volume }}
  mountPath: /etc/lectern/{{ $volume }}
  readOnly: true
{{- end }}
{{- end -}}

{{/* A probe. dict "root" $ "service" NAME "health" NAME "failures" NUMBER */}}
{{- define "lectern.probe" -}}
grpc:
  port: {{ include "lectern.healthPort" .root | default (include "lectern.port" .service) }}
  service: {{ .health }}
periodSeconds: {{ int .root.Values.life.probePeriodSeconds }}
timeoutSeconds: {{ int .root.Values.life.probeTimeoutSeconds }}
failureThreshold: {{ int .failures }}
{{- end -}}

{{/* What readiness asks for: a service of the port, which depends on what it needs. */}}
{{- define "lectern.readyName" -}}
{{- get (dict "gateway" "lectern.v1.NarrationService" "ingest" "lectern.ingest.v1.IngestService" "ai" "lectern.ai.v1.ScriptService" "tts" "lectern.tts.v1.SpeechService" "single" "lectern.v1.NarrationService") . -}}
{{- end -}}
