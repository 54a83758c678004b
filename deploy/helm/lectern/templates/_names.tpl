{{/* The services of `profile: services`. */}}
{{- define "lectern.services" -}}
{{- if eq .Values.profile "services" }}["gateway","ingest","ai","tts"]{{ else }}["single"]{{ end -}}
{{- end -}}

{{/* The beginning of all names: at most 40 characters, so that no name is longer than 63. A name
that is cut ends with a digest, so that two releases do not get the same. */}}
{{- define "lectern.fullname" -}}
{{- $name := .Values.nameOverride | default .Chart.Name -}}
{{- $full := .Values.fullnameOverride | default (ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name)) -}}
{{- if gt (len $full) 40 -}}
{{- printf "%s-%s" (trunc 31 $full | trimSuffix "-") (sha256sum $full | trunc 8) -}}
{{- else -}}
{{- $full -}}
{{- end -}}
{{- end -}}

{{- define "lectern.namespace" -}}
{{- .Values.namespaceOverride | default .Release.Namespace -}}
{{- end -}}

{{/* What selects the pods of a component; it never changes. dict "root" $ "component" NAME */}}
{{- define "lectern.selector" -}}
app.kubernetes.io/name: {{ .root.Values.nameOverride | default .root.Chart.Name | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* The labels of an object: the standard ones over `labels` over those of all objects.
dict "root" $ "component" NAME, and where they are there "labels" MAP */}}
{{- define "lectern.labels" -}}
{{- $standard := include "lectern.selector" . | fromYaml -}}
{{- $_ := set $standard "app.kubernetes.io/part-of" "lectern" -}}
{{- $_ := set $standard "app.kubernetes.io/version" .root.Chart.AppVersion -}}
{{- $_ := set $standard "app.kubernetes.io/managed-by" .root.Release.Service -}}
{{- $_ := set $standard "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-") -}}
{{- mergeOverwrite (deepCopy .root.Values.commonLabels) (deepCopy (.labels | default dict)) $standard | toYaml -}}
{{- end -}}

{{/* Name, namespace, labels and annotations of an object. dict "root" $ "component" NAME, and where
they are there "suffix" (the component), "labels", "annotations" (maps). */}}
{{- define "lectern.metadata" -}}
{{- $suffix := hasKey . "suffix" | ternary .suffix .component -}}
name: {{ include "lectern.fullname" .root }}{{ with $suffix }}-{{ . }}{{ end }}
namespace: {{ include "lectern.namespace" .root }}
labels:
  {{- include "lectern.labels" . | nindent 2 }}
{{- with merge (dict) (.annotations | default dict) .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* An image. dict "root" $ "image" REPOSITORY "digest" DIGEST */}}
{{- define "lectern.image" -}}
{{- .root.Values.image.registry }}/{{ .image -}}
{{- if .digest }}@{{ .digest }}{{ else }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}{{ end -}}
{{- end -}}

{{/* The port of a service. */}}
{{- define "lectern.port" -}}
{{- get (dict "gateway" 7400 "ingest" 7401 "ai" 7402 "tts" 7403 "single" 7400) . -}}
{{- end -}}

{{/* The service's name in the cluster's DNS, by which all addresses of its pods are found.
dict "root" $ "service" NAME */}}
{{- define "lectern.host" -}}
{{ include "lectern.fullname" .root }}-{{ .service }}-headless.{{ include "lectern.namespace" .root }}.svc.{{ .root.Values.clusterDomain }}
{{- end -}}

{{/* The Secret with a service's certificate. dict "root" $ "service" NAME "values" MAP */}}
{{- define "lectern.tlsSecret" -}}
{{- .values.tlsSecret | default (printf "%s-%s-tls" (include "lectern.fullname" .root) .service) -}}
{{- end -}}

{{/* The volume's claim. */}}
{{- define "lectern.claim" -}}
{{- .Values.storage.volume.existingClaim | default (printf "%s-data" (include "lectern.fullname" .)) -}}
{{- end -}}

{{/* Whether objects, or all data, lie on a volume. */}}
{{- define "lectern.onVolume" -}}
{{- if or (eq .Values.profile "single") (hasPrefix "file:" .Values.storage.url) }}true{{ end -}}
{{- end -}}
