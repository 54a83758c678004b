{{/* Whole processors of a quantity: `1500m` is 2. */}}
{{- define "lectern.processors" -}}
{{- $text := toString . -}}
{{- if hasSuffix "m" $text -}}
{{- max 1 (ceil (divf (trimSuffix "m" $text | float64) 1000)) -}}
{{- else -}}
{{- max 1 (ceil (float64 $text)) -}}
{{- end -}}
{{- end -}}

{{/* Mebibytes of a quantity of Kubernetes or a size of the settings (`512Mi`, `1Gi`, `1GiB`). */}}
{{- define "lectern.mebibytes" -}}
{{- $text := trimSuffix "B" (toString .) -}}
{{- if hasSuffix "Gi" $text -}}
{{- mul 1024 (trimSuffix "Gi" $text | int64) -}}
{{- else if hasSuffix "Mi" $text -}}
{{- trimSuffix "Mi" $text | int64 -}}
{{- else -}}
{{- fail (printf "%s: write a whole number of Mi or Gi" (toString .)) -}}
{{- end -}}
{{- end -}}

{{/* Steps that run at once in a pod. dict "values" MAP */}}
{{- define "lectern.permits" -}}
{{- if gt (int .values.permits) 0 }}{{ int .values.permits }}{{ else }}{{ include "lectern.processors" .values.resources.limits.cpu }}{{ end -}}
{{- end -}}

{{/* What a pod may use, with ingest's memory: each of its permits has a sandbox. dict "root" $
"service" NAME "values" MAP */}}
{{- define "lectern.resources" -}}
{{- $resources := deepCopy .values.resources -}}
{{- if eq .service "ingest" -}}
{{- $memory := add (include "lectern.mebibytes" .values.memoryBase | int64) (mul (include "lectern.permits" . | int64) (include "lectern.mebibytes" .values.settings.sandbox.memory | int64)) -}}
{{- $_ := set $resources.limits "memory" (printf "%dMi" $memory) -}}
{{- end -}}
{{- $tmp := include "lectern.mebibytes" .values.tmpSize | int64 -}}
{{- $disk := include "lectern.mebibytes" (get $resources.limits "ephemeral-storage") | int64 -}}
{{- if gt $tmp $disk -}}
{{- fail (printf "%s.tmpSize is over %s.resources.limits.ephemeral-storage: a pod that fills /tmp would be evicted first" .service .service) -}}
{{- end -}}
{{- range $what := list "memory" "ephemeral-storage" -}}
{{- $request := include "lectern.mebibytes" (get $resources.requests $what) | int64 -}}
{{- $limit := include "lectern.mebibytes" (get $resources.limits $what) | int64 -}}
{{- if gt $request $limit -}}
{{- fail (printf "%s.resources.requests.%s is over its limit" $.service $what) -}}
{{- end -}}
{{- end -}}
{{- toYaml $resources -}}
{{- end -}}

{{/* The grace of a pod. */}}
{{- define "lectern.grace" -}}
{{- $life := .Values.life -}}
{{- $least := add (int $life.preStopSeconds) (int $life.lameDuckSeconds) (int $life.drainSeconds) 5 (int $life.marginSeconds) -}}
{{- $set := int $life.terminationGracePeriodSeconds -}}
{{- if and (ne $set 0) (lt $set (int $least)) -}}
{{- fail (printf "life.terminationGracePeriodSeconds is %d: write %d or more, which is preStopSeconds, lameDuckSeconds, drainSeconds, 5 and marginSeconds, or 0 for that" $set $least) -}}
{{- end -}}
{{- $set | default $least -}}
{{- end -}}
