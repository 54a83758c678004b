{{/* Keys that this chart does not have: those that it had once, and those by which other charts
call the same. The schema lets them through, so that the message can say what to write. */}}
{{- define "lectern.otherNames" -}}
replicaCount: gateway.replicas, ingest.replicas, ai.replicas or tts.replicas
replicas: gateway.replicas, ingest.replicas, ai.replicas or tts.replicas
resources: gateway.resources, ingest.resources, ai.resources, tts.resources or single.resources
serviceAccount: gateway.serviceAccount and the like, one for each service
podAnnotations: pods.podAnnotations
podLabels: pods.podLabels
nodeSelector: pods.nodeSelector
tolerations: pods.tolerations
affinity: pods.affinity
service: gateway.service
ingress: expose.ingress
persistence: storage.volume
autoscaling: gateway.autoscaling and the like, one for each service
serviceMonitor: monitoring.podMonitor
podDisruptionBudget: disruption
mongodb: database, or trial.mongodb for one of the chart's own
nats: queue, or trial.nats for one of the chart's own
existingSecret: secrets.installation.name
env: pods.extraEnv
{{- end -}}

{{/* Refuses what the schema cannot. */}}
{{- define "lectern.check" -}}
{{- range $key, $name := include "lectern.otherNames" . | fromYaml -}}
{{- if hasKey $.Values $key }}{{ fail (printf "%s is not a key of this chart; write %s" $key $name) }}{{ end -}}
{{- end -}}
{{- range $service := list "gateway" "ingest" "ai" "tts" -}}
{{- with (get $.Values $service).autoscaling -}}
{{- if gt (int .minReplicas) (int .maxReplicas) }}{{ fail (printf "%s.autoscaling.minReplicas is over %s.autoscaling.maxReplicas" $service $service) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- if semverCompare "<1.34.0-0" .Capabilities.KubeVersion.Version -}}
{{- range $service := list "gateway" "ingest" "ai" "tts" -}}
{{- $near := (get $.Values $service).service.trafficDistribution -}}
{{- if has $near (list "PreferSameZone" "PreferSameNode") }}{{ fail (printf "%s.service.trafficDistribution: %s is of Kubernetes 1.34 and later, and this is %s; write PreferClose" $service $near $.Capabilities.KubeVersion.Version) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- include "lectern.checkImports" . -}}
{{- include "lectern.checkWriters" . -}}
{{- include "lectern.checkEngines" . -}}
{{- $_ := include "lectern.grace" . -}}
{{- end -}}

{{/* Refuses a writer that nobody could reach, and names of writers that there are not. */}}
{{- define "lectern.checkWriters" -}}
{{- $service := ternary "single" "ai" (eq .Values.profile "single") -}}
{{- $values := get .Values $service -}}
{{- $writers := ($values.settings).writers | default dict -}}
{{- range $name, $_ := $values.writerKeys -}}
{{- if not (hasKey $writers $name) }}{{ fail (printf "%s.writerKeys.%s: %s.settings.writers has no %s" $service $name $service $name) }}{{ end -}}
{{- end -}}
{{- $default := ($values.settings).default_writer | default "extractive" -}}
{{- if and (ne $default "extractive") (not (hasKey $writers $default)) }}{{ fail (printf "%s.settings.default_writer: %s.settings.writers has no %s" $service $service $default) }}{{ end -}}
{{- range $name, $writer := $writers -}}
{{- $key := hasKey ($values.writerKeys | default dict) $name -}}
{{- if and (eq $writer.kind "gemini") (not $key) (not $writer.project) }}{{ fail (printf "%s.writerKeys.%s: name the Secret with the API key, or give %s.settings.writers.%s a project" $service $name $service $name) }}{{ end -}}
{{- if and (eq $writer.kind "openai") (not $writer.url) }}{{ fail (printf "%s.settings.writers.%s.url: name the server, up to the version of its API" $service $name) }}{{ end -}}
{{- range $other := $writer.others -}}
{{- if or (eq $other $name) (not (hasKey $writers $other)) }}{{ fail (printf "%s.settings.writers.%s.others: %s.settings.writers has no other %s" $service $name $service $other) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Refuses a first engine that there is not, keys that an engine of a kind does not take, and an
engine that nobody could reach. */}}
{{- define "lectern.checkEngines" -}}
{{- $service := ternary "single" "tts" (eq .Values.profile "single") -}}
{{- $values := get .Values $service -}}
{{- $settings := $values.settings | default dict -}}
{{- $engines := $settings.engines | default dict -}}
{{- $first := $settings.engine | default "local" -}}
{{- if not (or (has $first (list "local" "kokoro" "tone" "scripted")) (hasKey $engines $first)) }}{{ fail (printf "%s.settings.engine: %s.settings.engines has no %s" $service $service $first) }}{{ end -}}
{{- range $of := list "engineKeys" "engineRows" -}}
{{- range $name, $_ := get $values $of -}}
{{- if not (hasKey $engines $name) }}{{ fail (printf "%s.%s.%s: %s.settings.engines has no %s" $service $of $name $service $name) }}{{ end -}}
{{- if not (has (get $engines $name).kind (list "google" "gemini" "openai")) }}{{ fail (printf "%s.%s.%s: an engine of the kind %s takes none" $service $of $name (get $engines $name).kind) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- $remote := list "url" "voices" "languages" "concurrency" "requests_per_minute" -}}
{{- $keys := dict "local" (list "voice_dir") "kokoro" (list "voice_dir") "tone" list "scripted" (list "script") "espeak" (list "program") "pico" (list "program") -}}
{{- $_ := set $keys "google" (concat $remote (list "project" "location")) -}}
{{- $_ := set $keys "gemini" (concat $remote (list "project" "location" "model" "api_version" "tokens_per_minute")) -}}
{{- $_ := set $keys "openai" (concat $remote (list "server" "model" "sample_rate" "word_times" "tokens_per_minute")) -}}
{{- range $name, $engine := $engines -}}
{{- range $key, $_ := omit $engine "kind" -}}
{{- if not (has $key (get $keys $engine.kind)) }}{{ fail (printf "%s.settings.engines.%s.%s: an engine of the kind %s takes no %s" $service $name $key $engine.kind $key) }}{{ end -}}
{{- end -}}
{{- if and (eq $engine.kind "gemini") (not (hasKey ($values.engineKeys | default dict) $name)) (not $engine.project) }}{{ fail (printf "%s.engineKeys.%s: name the Secret with the API key, or give %s.settings.engines.%s a project" $service $name $service $name) }}{{ end -}}
{{- if and (eq $engine.kind "openai") (not $engine.url) }}{{ fail (printf "%s.settings.engines.%s.url: name the server, up to the version of its API" $service $name) }}{{ end -}}
{{- end -}}
{{- end -}}

{{/* Refuses a rule that would let what ingest fetches reach private networks: policies add up, so
one to every address at a port of imports opens all of them. */}}
{{- define "lectern.checkImports" -}}
{{- $import := .Values.ingest.settings.import -}}
{{- if and (eq .Values.profile "services") .Values.networkPolicy.enabled $import.enabled -}}
{{- $open := list -}}
{{- if not .Values.trial.mongodb.enabled }}{{ $open = append $open "database" }}{{ end -}}
{{- if not .Values.trial.nats.enabled }}{{ $open = append $open "queue" }}{{ end -}}
{{- if .Values.telemetry.otlpEndpoint }}{{ $open = append $open "collector" }}{{ end -}}
{{- if .Values.storage.endpoint }}{{ $open = append $open "storage" }}{{ end -}}
{{- range $server := $open -}}
{{- if not (get $.Values.networkPolicy $server).to -}}
{{- range $port := include "lectern.portsOf" (dict "root" $ "server" $server) | fromJsonArray -}}
{{- range $fetched := $import.ports -}}
{{- if eq (int $port) (int $fetched) }}{{ fail (printf "networkPolicy.%s.to: name where it is, since every address at port %d would be open to what ingest.settings.import fetches" $server (int $port)) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
