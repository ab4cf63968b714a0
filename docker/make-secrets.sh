#!/bin/sh
# Draws a secret for everything that needs one, into docker/env; what is there already is kept.
# usage: sh docker/make-secrets.sh
set -eu
umask 077
cd "$(dirname "$0")"
mkdir -p env
drawn() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
keep() { test -e "env/$1" || printf '%s' "$2" >"env/$1"; }

keep postgres.env "POSTGRES_PASSWORD=$(drawn)
"
keep ray.env "RAY_AUTH_TOKEN=$(drawn)
"
keep grafana.env "GF_SECURITY_ADMIN_PASSWORD=$(drawn)
"
# Prometheus runs as another user: the folder keeps others out, the file lets that user read.
keep metrics.token "$(drawn)"
chmod 0644 env/metrics.token
keep service.env "GOFAU_ADMIN_TOKEN=$(drawn)
GOFAU_METRICS_TOKEN=$(cat env/metrics.token)
"
# OpenTelemetry's variables, such as OTEL_EXPORTER_OTLP_ENDPOINT; with none nothing is traced.
keep tracing.env ""
echo "docker/env holds the secrets; GOFAU_ADMIN_TOKEN in docker/env/service.env is an admin's token"
