{{/* A policy of the pods of one component, hooks and tests among them: nothing goes in or out but
the rules of "ingress" and "egress", as YAML, and the resolvers. dict "root" $ "component" NAME
"ingress" TEXT "egress" TEXT, and of a hook "annotations" MAP */}}
{{- define "lectern.networkPolicy" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "lectern.metadata" . | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- include "lectern.selector" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
  {{- with .ingress | trim }}
  ingress:
    {{- . | nindent 4 }}
  {{- else }}
  ingress: []
  {{- end }}
  egress:
    - ports:
        - {port: {{ int .root.Values.networkPolicy.dns.port }}, protocol: UDP}
        - {port: {{ int .root.Values.networkPolicy.dns.port }}, protocol: TCP}
      {{- with .root.Values.networkPolicy.dns.to }}
      to:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    {{- with .egress | trim }}
    {{- . | nindent 4 }}
    {{- end }}
{{- end -}}

{{/* A rule. dict "direction" "to" or "from", "peers" LIST (empty for every address), "ports"
LIST */}}
{{- define "lectern.rule" -}}
- ports:
    {{- range .ports }}
    - {port: {{ kindIs "string" . | ternary . (int .) }}, protocol: TCP}
    {{- end }}
  {{- with .peers }}
  {{ $.direction }}:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{/* The pods of a component as a peer. dict "root" $ "component" NAME, as a list in YAML */}}
{{- define "lectern.peer" -}}
- podSelector:
    matchLabels:
      {{- include "lectern.selector" . | nindent 6 }}
{{- end -}}

{{/* The ports in a URL of one or several servers, as a list in JSON. dict "url" TEXT "default"
PORT */}}
{{- define "lectern.urlPorts" -}}
{{- $ports := list -}}
{{- $servers := regexReplaceAll "[a-z+]+://" .url "" | replace "/," "," | splitList "/" | first | splitList "?" | first -}}
{{- range $server := splitList "," $servers -}}
{{- $ports = append $ports (regexFind ":[0-9]+$" $server | trimPrefix ":" | default (toString $.default) | int) -}}
{{- end -}}
{{- $ports | uniq | toJson -}}
{{- end -}}

{{/* The ports of a server of others: those of the policy, or else of its URL, as a list in JSON.
dict "root" $ "server" NAME */}}
{{- define "lectern.portsOf" -}}
{{- $values := .root.Values -}}
{{- $endpoint := $values.telemetry.otlpEndpoint -}}
{{- $urls := dict
  "database" (dict "url" $values.database.url "default" 27017)
  "queue" (dict "url" $values.queue.url "default" 4222)
  "storage" (dict "url" $values.storage.endpoint "default" (ternary 80 443 (hasPrefix "http:" $values.storage.endpoint)))
  "collector" (dict "url" $endpoint "default" (ternary 80 443 (hasPrefix "http:" $endpoint))) -}}
{{- $ports := (get $values.networkPolicy .server).ports -}}
{{- if $ports }}{{ $ports | toJson }}{{ else }}{{ include "lectern.urlPorts" (get $urls .server) }}{{ end -}}
{{- end -}}

{{/* Every public address as peers, as YAML. */}}
{{- define "lectern.public" -}}
{{- with .Values.networkPolicy.private -}}
- ipBlock: {{ dict "cidr" "0.0.0.0/0" "except" .ipv4 | toJson }}
- ipBlock: {{ dict "cidr" "::/0" "except" .ipv6 | toJson }}
{{- end -}}
{{- end -}}

{{/* A way to a server of others. dict "root" $ "server" NAME */}}
{{- define "lectern.egress.server" -}}
{{ include "lectern.rule" (dict "direction" "to" "ports" (include "lectern.portsOf" . | fromJsonArray) "peers" (get .root.Values.networkPolicy .server).to) }}
{{- end -}}

{{/* A way to object storage that is no volume, and to what gives a pod its identity there. */}}
{{- define "lectern.egress.storage" -}}
{{- $policy := .Values.networkPolicy -}}
{{- if or $policy.storage.to .Values.storage.endpoint }}
{{ include "lectern.egress.server" (dict "root" . "server" "storage") }}
{{- else }}
{{ include "lectern.rule" (dict "direction" "to" "ports" (include "lectern.portsOf" (dict "root" . "server" "storage") | fromJsonArray) "peers" (include "lectern.public" . | fromYamlArray)) }}
{{- end }}
{{- if $policy.metadata.to }}
{{ include "lectern.rule" (dict "direction" "to" "ports" $policy.metadata.ports "peers" $policy.metadata.to) }}
{{- end }}
{{- end -}}

{{/* A way to the providers of a service's writers, where it has any, and to what gives a pod its
identity at those on Google Cloud. dict "root" $ "service" NAME "values" MAP */}}
{{- define "lectern.egress.writers" -}}
{{- $policy := .root.Values.networkPolicy -}}
{{- $writers := (.values.settings).writers | default dict -}}
{{- if and $writers (has .service (list "ai" "single")) }}
{{- $ports := list }}
{{- $peers := $policy.writers.to | default (include "lectern.public" .root | fromYamlArray) }}
{{- $cloud := false }}
{{- range $writer := $writers }}
{{- $url := $writer.url | default "" }}
{{- $ports = concat $ports (include "lectern.urlPorts" (dict "url" $url "default" (ternary 80 443 (hasPrefix "http:" $url))) | fromJsonArray) }}
{{- if and $url (not $policy.writers.to) }}{{ $peers = list }}{{ end }}
{{- if $writer.project }}{{ $cloud = true }}{{ end }}
{{- end }}
{{ include "lectern.rule" (dict "direction" "to" "ports" ($policy.writers.ports | default ($ports | uniq)) "peers" $peers) }}
{{- /* Object storage that is no volume has this way already. */}}
{{- if and $cloud $policy.metadata.to (include "lectern.onVolume" .root) }}
{{ include "lectern.rule" (dict "direction" "to" "ports" $policy.metadata.ports "peers" $policy.metadata.to) }}
{{- end }}
{{- end }}
{{- end -}}

{{/* A way to the providers of a service's speech engines, where it has any that somebody else's
server speaks for, and to what gives a pod its identity at those on Google Cloud. dict "root" $
"service" NAME "values" MAP */}}
{{- define "lectern.egress.engines" -}}
{{- $policy := .root.Values.networkPolicy -}}
{{- $keys := .values.engineKeys | default dict -}}
{{- $ports := list -}}
{{- $peers := $policy.engines.to | default (include "lectern.public" .root | fromYamlArray) -}}
{{- $cloud := false -}}
{{- if has .service (list "tts" "single") -}}
{{- range $name, $engine := (.values.settings).engines | default dict -}}
{{- if has $engine.kind (list "google" "gemini" "openai") -}}
{{- $url := $engine.url | default "" -}}
{{- $ports = concat $ports (include "lectern.urlPorts" (dict "url" $url "default" (ternary 80 443 (hasPrefix "http:" $url))) | fromJsonArray) -}}
{{- if and $url (not $policy.engines.to) }}{{ $peers = list }}{{ end -}}
{{- if and (has $engine.kind (list "google" "gemini")) (not (hasKey $keys $name)) }}{{ $cloud = true }}{{ end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if $ports }}
{{ include "lectern.rule" (dict "direction" "to" "ports" ($policy.engines.ports | default ($ports | uniq)) "peers" $peers) }}
{{- /* Object storage that is no volume has this way already. */}}
{{- if and $cloud $policy.metadata.to (include "lectern.onVolume" .root) }}
{{ include "lectern.rule" (dict "direction" "to" "ports" $policy.metadata.ports "peers" $policy.metadata.to) }}
{{- end }}
{{- end }}
{{- end -}}

{{/* A way to the database. */}}
{{- define "lectern.egress.database" -}}
{{- if .Values.trial.mongodb.enabled }}
{{ include "lectern.rule" (dict "direction" "to" "ports" (list 27017) "peers" (include "lectern.peer" (dict "root" . "component" "mongodb") | fromYamlArray)) }}
{{- else }}
{{ include "lectern.egress.server" (dict "root" . "server" "database") }}
{{- end }}
{{- end -}}

{{/* A way to the queue. */}}
{{- define "lectern.egress.queue" -}}
{{- if .Values.trial.nats.enabled }}
{{ include "lectern.rule" (dict "direction" "to" "ports" (list 4222) "peers" (include "lectern.peer" (dict "root" . "component" "nats") | fromYamlArray)) }}
{{- else }}
{{ include "lectern.egress.server" (dict "root" . "server" "queue") }}
{{- end }}
{{- end -}}

{{/* A way to the collector, where there is one. */}}
{{- define "lectern.egress.collector" -}}
{{- if .Values.telemetry.otlpEndpoint }}
{{ include "lectern.egress.server" (dict "root" . "server" "collector") }}
{{- end }}
{{- end -}}

{{/* A way to another service of ours. dict "root" $ "service" NAME */}}
{{- define "lectern.egress.service" -}}
{{ include "lectern.rule" (dict "direction" "to" "ports" (list (include "lectern.port" .service | int)) "peers" (include "lectern.peer" (dict "root" .root "component" .service) | fromYamlArray)) }}
{{- end -}}

{{/* Who may scrape, and who may probe. dict "root" $ "service" NAME */}}
{{- define "lectern.ingress.common" -}}
{{- $policy := .root.Values.networkPolicy -}}
{{- if and .root.Values.telemetry.metrics.enabled $policy.prometheus.from }}
{{ include "lectern.rule" (dict "direction" "from" "ports" (list .root.Values.telemetry.metrics.port) "peers" $policy.prometheus.from) }}
{{- end }}
{{- $health := include "lectern.healthPort" .root }}
{{- if or $health $policy.nodes.from }}
{{- $port := $health | default (include "lectern.port" .service) | int }}
{{ include "lectern.rule" (dict "direction" "from" "ports" (list $port) "peers" $policy.nodes.from) }}
{{- end }}
{{- end -}}
