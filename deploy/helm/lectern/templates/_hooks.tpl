{{/* When hooks run. Where database and queue are of this release they are not there before an
install, and the services make what they need themselves then. */}}
{{- define "lectern.hookWhen" -}}
{{- if or .Values.trial.mongodb.enabled .Values.trial.nats.enabled -}}
post-install,pre-upgrade
{{- else -}}
pre-install,pre-upgrade
{{- end -}}
{{- end -}}

{{/* Annotations of a hook, as JSON. What a Job needs has a lower weight, and is made and removed
with it, since the objects of the release come later. A Job that failed stays for its log until the
next one. dict "root" $ "weight" NUMBER */}}
{{- define "lectern.hookAnnotations" -}}
{{- dict "helm.sh/hook" (include "lectern.hookWhen" .root) "helm.sh/hook-weight" (toString .weight) "helm.sh/hook-delete-policy" "before-hook-creation,hook-succeeded" | toJson -}}
{{- end -}}

{{/* A Job that runs a subcommand of a service. dict "root" $ "service" NAME "values" MAP "suffix"
NAME "run" SUBCOMMAND "weight" NUMBER */}}
{{- define "lectern.hookJob" -}}
{{- $root := .root -}}
{{- $hooks := $root.Values.hooks -}}
{{- $arg := dict "root" $root "service" .service "component" "hooks" "values" .values "job" true -}}
{{- $options := include "lectern.podOptions" $arg | fromJson -}}
apiVersion: batch/v1
kind: Job
metadata:
  {{- include "lectern.metadata" (dict "root" $root "component" "hooks" "suffix" .suffix "annotations" (include "lectern.hookAnnotations" . | fromJson)) | nindent 2 }}
spec:
  backoffLimit: {{ int $hooks.backoffLimit }}
  activeDeadlineSeconds: {{ int $hooks.activeDeadlineSeconds }}
  template:
    metadata:
      labels:
        {{- include "lectern.labels" (merge (dict "labels" $options.podLabels) $arg) | nindent 8 }}
      {{- with $options.podAnnotations }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      restartPolicy: Never
      serviceAccountName: {{ include "lectern.fullname" $root }}-hooks
      automountServiceAccountToken: false
      {{- include "lectern.podCommon" (dict "root" $root "options" $options) | nindent 6 }}
      {{- with $options.affinity }}
      affinity:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        {{- include "lectern.podSecurity" 65532 | nindent 8 }}
      containers:
        - name: {{ .run }}
          image: {{ include "lectern.image" (dict "root" $root "image" .values.image "digest" .values.digest) }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          command: [/usr/bin/lectern-{{ .service }}]
          args: [--config, /etc/lectern/config/{{ .service }}.toml, {{ .run }}]
          env:
            {{- include "lectern.identityVariables" $root | nindent 12 }}
            {{- include "lectern.secretVariables" $arg | nindent 12 }}
            {{- with $options.extraEnv }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
          {{- with $options.extraEnvFrom }}
          envFrom:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          resources:
            {{- toYaml $hooks.resources | nindent 12 }}
          securityContext:
            {{- include "lectern.containerSecurity" $root | nindent 12 }}
          volumeMounts:
            - name: config
              mountPath: /etc/lectern/config
              readOnly: true
            - name: tmp
              mountPath: /tmp
            {{- include "lectern.secretMounts" $arg | nindent 12 }}
            {{- with $options.extraVolumeMounts }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
      volumes:
        - name: config
          configMap:
            name: {{ include "lectern.fullname" $root }}-hooks
            items:
              - {key: {{ .service }}.toml, path: {{ .service }}.toml}
              {{- if .values.models }}
              - {key: models.toml, path: models.toml}
              {{- end }}
              {{- range $engine, $_ := .values.engineRows }}
              - {key: {{ include "lectern.engineRows" $engine }}, path: {{ include "lectern.engineRows" $engine }}}
              {{- end }}
        - name: tmp
          emptyDir:
            sizeLimit: 64Mi
        {{- include "lectern.secretVolumes" $arg | nindent 8 }}
        {{- with $options.extraVolumes }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
{{- end -}}
