#!/bin/sh
# Reads the secrets from files, since LiteLLM takes them from its environment only, and starts the proxy.
set -eu
secrets=${SECRETS:-/run/secrets}
LITELLM_MASTER_KEY=$(cat "$secrets/litellm_master_key")
MODEL_KEY=$(cat "$secrets/model_key")
export LITELLM_MASTER_KEY MODEL_KEY
exec litellm --config "${CONFIG:-/app/config.yaml}" --host "${HOST:-0.0.0.0}" --port "${PORT:-4000}"
