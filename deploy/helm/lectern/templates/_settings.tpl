{{/* A value of TOML. */}}
{{- define "lectern.tomlValue" -}}
{{- if kindIs "bool" . -}}
{{- . -}}
{{- else if kindIs "string" . -}}
{{- toJson . -}}
{{- else if kindIs "slice" . -}}
[{{ range $index, $item := . }}{{ if $index }}, {{ end }}{{ include "lectern.tomlValue" $item }}{{ end }}]
{{- else if eq (float64 .) (floor .) -}}
{{- int64 . -}}
{{- else -}}
{{- . -}}
{{- end -}}
{{- end -}}

{{/* A table of TOML with those in it. dict "table" MAP "path" TEXT */}}
{{- define "lectern.toml" -}}
{{- range $key, $value := .table }}
{{- if not (kindIs "map" $value) }}
{{ $key }} = {{ include "lectern.tomlValue" $value }}
{{- end }}
{{- end }}
{{- range $key, $value := .table }}
{{- if kindIs "map" $value }}
{{- $path := printf "%s%s" $.path $key }}
{{- if $value }}

[{{ $path }}]
{{- include "lectern.toml" (dict "table" $value "path" (printf "%s." $path)) }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Whether a service has a health port of its own: where its port speaks TLS, or is on
loopback. */}}
{{- define "lectern.healthPort" -}}
{{- if or .Values.tls.enabled (eq .Values.profile "single") }}7410{{ end -}}
{{- end -}}

{{/* Settings that all processes have. dict "root" $ "host" TEXT "port" NUMBER, as JSON */}}
{{- define "lectern.settings.process" -}}
{{- $life := .root.Values.life -}}
{{- $server := dict "listen" (printf "%s:%v" .host .port) "drain" (printf "%ds" (int $life.drainSeconds)) "lame_duck" (printf "%ds" (int $life.lameDuckSeconds)) -}}
{{- with include "lectern.healthPort" .root }}{{ $_ := set $server "health_listen" (printf "%s:%s" $.health .) }}{{ end -}}
{{- $telemetry := dict -}}
{{- with .root.Values.telemetry -}}
{{- if .otlpEndpoint }}{{ $_ := set $telemetry "otlp_endpoint" .otlpEndpoint }}{{ end -}}
{{- if .environment }}{{ $_ := set $telemetry "environment" .environment }}{{ end -}}
{{- if .metrics.enabled }}{{ $_ := set $telemetry "metrics_listen" (printf "%s:%d" $.health (int .metrics.port)) }}{{ end -}}
{{- end -}}
{{- dict "server" $server "telemetry" $telemetry | toJson -}}
{{- end -}}

{{/* Adds to settings where the keys of writers and the rows of models are. dict "settings" MAP
"values" MAP */}}
{{- define "lectern.setWriters" -}}
{{- range $writer, $secret := .values.writerKeys -}}
{{- with get ($.settings.writers | default dict) $writer }}{{ $_ := set . "key_file" (printf "/etc/lectern/writer-key-%s/%s" $writer $secret.key) }}{{ end -}}
{{- end -}}
{{- if .values.models }}{{ $_ := set .settings "models_file" "/etc/lectern/config/models.toml" }}{{ end -}}
{{- end -}}

{{/* Adds to settings where the keys and the rows of speech engines are. dict "settings" MAP "values"
MAP */}}
{{- define "lectern.setEngines" -}}
{{- range $engine, $secret := .values.engineKeys -}}
{{- with get ($.settings.engines | default dict) $engine }}{{ $_ := set . "key_file" (printf "/etc/lectern/engine-key-%s/%s" $engine $secret.key) }}{{ end -}}
{{- end -}}
{{- range $engine, $_ := .values.engineRows -}}
{{- with get ($.settings.engines | default dict) $engine }}{{ $_ := set . "rows_file" (printf "/etc/lectern/config/%s" (include "lectern.engineRows" $engine)) }}{{ end -}}
{{- end -}}
{{- end -}}

{{/* The file with the rows of a speech engine; the context is its name. */}}
{{- define "lectern.engineRows" -}}
rows-{{ . }}.toml
{{- end -}}

{{/* The settings of one of the four services, as TOML. dict "root" $ "service" NAME "values"
MAP */}}
{{- define "lectern.settings" -}}
{{- $root := .root -}}
{{- $values := $root.Values -}}
{{- $host := .values.listenAddress -}}
{{- $settings := include "lectern.settings.process" (dict "root" $root "host" $host "health" $host "port" (include "lectern.port" .service)) | fromJson -}}
{{- $store := dict "url" (include "lectern.databaseUrl" $root) -}}
{{- with .values.database -}}
{{- if .username }}{{ $_ := set $store "username" .username }}{{ end -}}
{{- if .password.name }}{{ $_ := set $store "password_file" (printf "/etc/lectern/database-password/%s" .password.key) }}{{ end -}}
{{- $tls := dict -}}
{{- if $values.database.ca.name }}{{ $_ := set $tls "ca" (printf "/etc/lectern/database-ca/%s" $values.database.ca.key) }}{{ end -}}
{{- if .certificate.name }}{{ $_ := set $tls "certificate" (printf "/etc/lectern/database-certificate/%s" .certificate.key) }}{{ end -}}
{{- $_ := set $store "tls" $tls -}}
{{- end -}}
{{- $queue := dict -}}
{{- if not .values.queue.url.name }}{{ $_ := set $queue "url" (include "lectern.queueUrl" $root) }}{{ end -}}
{{- with .values.queue.credentials.name }}{{ $_ := set $queue "credentials" (printf "/etc/lectern/queue-credentials/%s" $.values.queue.credentials.key) }}{{ end -}}
{{- with $values.queue.ca.name }}{{ $_ := set $queue "tls" (dict "ca" (printf "/etc/lectern/queue-ca/%s" $values.queue.ca.key)) }}{{ end -}}
{{- $blob := dict "url" (ternary "file:/var/lib/lectern/objects" $values.storage.url (hasPrefix "file:" $values.storage.url)) -}}
{{- with $values.storage.endpoint }}{{ $_ := set $blob "endpoint" . }}{{ end -}}
{{- with $values.storage.kmsKey }}{{ $_ := set $blob "kms_key" . }}{{ end -}}
{{- $_ := set $settings "store" $store -}}
{{- $_ := set $settings "queue" $queue -}}
{{- $_ := set $settings "blob" $blob -}}
{{- $scheme := ternary "https" "http" $values.tls.enabled -}}
{{- range $other := ternary (list "ingest" "ai" "tts") (list "gateway") (eq .service "gateway") -}}
{{- $_ := set $settings $other (dict "url" (printf "%s://%s:%s" $scheme (include "lectern.host" (dict "root" $root "service" $other)) (include "lectern.port" $other))) -}}
{{- end -}}
{{- if $values.tls.enabled -}}
{{- $server := dict "certificate" "/etc/lectern/tls/tls.crt" "key" "/etc/lectern/tls/tls.key" -}}
{{- $client := dict "ca" "/etc/lectern/tls/ca.crt" -}}
{{- if $values.tls.mutual -}}
{{- if ne .service "gateway" }}{{ $_ := set $server "client_ca" "/etc/lectern/tls/ca.crt" }}{{ end -}}
{{- $_ := set $client "certificate" "/etc/lectern/tls/tls.crt" -}}
{{- $_ := set $client "key" "/etc/lectern/tls/tls.key" -}}
{{- end -}}
{{- $_ := set $settings.server "tls" $server -}}
{{- $_ := set $settings "client" (dict "tls" $client) -}}
{{- end -}}
{{- if and (eq .service "gateway") (include "lectern.scaled" $root) -}}
{{- $_ := set $settings "scaler" (dict "listen" (printf "%s:7420" $host)) -}}
{{- end -}}
{{- if eq .service "tts" }}{{ $_ := set $settings "voice_dir" "/usr/share/lectern/voice" }}{{ end -}}
{{- $settings = mergeOverwrite $settings (deepCopy $values.settings) (deepCopy .values.settings) -}}
{{- if eq .service "ai" }}{{ $_ := include "lectern.setWriters" (dict "settings" $settings "values" .values) }}{{ end -}}
{{- if eq .service "tts" }}{{ $_ := include "lectern.setEngines" (dict "settings" $settings "values" .values) }}{{ end -}}
{{- include "lectern.toml" (dict "table" $settings "path" "") | trim -}}
{{- end -}}

{{/* The settings of `lectern up`, as TOML; the folder of data is a variable. dict "root" $ "values"
MAP */}}
{{- define "lectern.settings.single" -}}
{{- $settings := include "lectern.settings.process" (dict "root" .root "host" "127.0.0.1" "health" "0.0.0.0" "port" 7400) | fromJson -}}
{{- $_ := set $settings "voice_dir" "/usr/share/lectern/voice" -}}
{{- $shared := dict "server" (deepCopy .root.Values.settings.server) "telemetry" (deepCopy .root.Values.settings.telemetry) -}}
{{- $settings = mergeOverwrite $settings $shared (deepCopy .values.settings) -}}
{{- $_ := include "lectern.setWriters" (dict "settings" $settings "values" .values) -}}
{{- $_ := include "lectern.setEngines" (dict "settings" $settings "values" .values) -}}
{{- include "lectern.toml" (dict "table" $settings "path" "") | trim -}}
{{- end -}}

{{- define "lectern.settingsOf" -}}
{{- if eq .service "single" }}{{ include "lectern.settings.single" . }}{{ else }}{{ include "lectern.settings" . }}{{ end -}}
{{- end -}}

{{- define "lectern.databaseUrl" -}}
{{- if .Values.trial.mongodb.enabled -}}
mongodb://{{ include "lectern.fullname" . }}-mongodb.{{ include "lectern.namespace" . }}.svc.{{ .Values.clusterDomain }}:27017/lectern?replicaSet=rs0
{{- else -}}
{{ .Values.database.url }}
{{- end -}}
{{- end -}}

{{- define "lectern.queueUrl" -}}
{{- if .Values.trial.nats.enabled -}}
nats://{{ include "lectern.fullname" . }}-nats.{{ include "lectern.namespace" . }}.svc.{{ .Values.clusterDomain }}:4222
{{- else -}}
{{ .Values.queue.url }}
{{- end -}}
{{- end -}}

{{/* Whether a stage is scaled by what waits. */}}
{{- define "lectern.scaled" -}}
{{- if eq .Values.profile "services" -}}
{{- range $service := list "ingest" "ai" "tts" }}{{ if eq (get $.Values $service).autoscaling.by "backlog" }}true{{ end }}{{ end -}}
{{- end -}}
{{- end -}}
