{{- define "operator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{/* 46: `<name>-audit-public-key` must stay a name of 63 */}}
{{- define "operator.fullname" -}}
{{- $name := include "operator.name" . }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 46 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 46 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 46 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* Unlike any other release's, in whatever namespace: neither part can hold a colon. */}}
{{- define "operator.uniqueName" -}}
{{ .Release.Namespace }}:{{ include "operator.fullname" . }}
{{- end }}

{{- define "operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "operator.labels" -}}
{{ include "operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* Not empty when the cluster stamps who asks. */}}
{{- define "operator.mutates" -}}
{{- $served := .Capabilities.APIVersions.Has "admissionregistration.k8s.io/v1/MutatingAdmissionPolicy" }}
{{- $choice := .Values.cluster.mutatingAdmissionPolicy }}
{{- if or (eq $choice "Always") (and (eq $choice "Auto") $served) }}true{{ end }}
{{- end }}

{{- define "operator.serviceAccountName" -}}
{{- default (ternary (include "operator.fullname" .) "default" .Values.serviceAccount.create) .Values.serviceAccount.name }}
{{- end }}

{{/* dict registry, image: the image, from another registry when one is given */}}
{{- define "operator.fromRegistry" -}}
{{- $parts := splitList "/" .image }}
{{- $first := first $parts }}
{{- $hasHost := and (gt (len $parts) 1) (or (contains "." $first) (contains ":" $first) (eq $first "localhost")) }}
{{- if not .registry }}
{{- .image }}
{{- else if $hasHost }}
{{- printf "%s/%s" (trimSuffix "/" .registry) (join "/" (rest $parts)) }}
{{- else }}
{{- printf "%s/%s" (trimSuffix "/" .registry) .image }}
{{- end }}
{{- end }}

{{- define "operator.image" -}}
{{- $tag := printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- $image := ternary (printf "%s@%s" $tag .Values.image.digest) $tag (ne .Values.image.digest "") }}
{{- include "operator.fromRegistry" (dict "registry" (default .Values.image.registry .Values.global.imageRegistry) "image" $image) }}
{{- end }}

{{/* The table of engines that the operator is given; empty when it is to use its own. Newest line first: the first is a type's default. */}}
{{- define "operator.engines" -}}
{{- if or .Values.engines .Values.global.imageRegistry }}
{{- $table := .Values.engines | default (.Files.Get "files/engines.yaml" | fromYaml) }}
{{- range $type := list "Redis" "Valkey" }}
{{- $lines := index $table $type | default dict }}
{{ $type }}: {{- if not $lines }} {}{{ end }}
{{- $sortable := dict }}
{{- range $line, $_ := $lines }}
{{- $parts := splitList "." $line }}
{{- $_ := set $sortable (printf "%09s.%09s" (first $parts) (last $parts)) $line }}
{{- end }}
{{- range $key := keys $sortable | sortAlpha | reverse }}
{{- $line := get $sortable $key }}
  {{ $line | quote }}:
    image: {{ include "operator.fromRegistry" (dict "registry" $.Values.global.imageRegistry "image" (index $lines $line).image) | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Namespaces served, as a JSON list; empty in cluster mode. */}}
{{- define "operator.namespaces" -}}
{{- if .Values.watch.allNamespaces }}
{{- if .Values.watch.namespaces }}
{{- fail "watch.namespaces and watch.allNamespaces exclude each other: name the namespaces, or serve them all" }}
{{- end }}
{{- list | toJson }}
{{- else }}
{{- .Values.watch.namespaces | default (list .Release.Namespace) | uniq | toJson }}
{{- end }}
{{- end }}
