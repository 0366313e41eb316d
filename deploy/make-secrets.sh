#!/bin/sh
# Writes the secrets that docker-compose.yml reads, each once; a file that is there stays as it is.
set -eu
cd "$(dirname "$0")"
mkdir -p secrets
chmod 700 secrets
# `given`: what the outside systems gave you goes into these; the values here are those of the sandboxes.
# Adapters, by `python -m tools.adapter_services`; do not edit.
drawn="
portal_links_key
portal_record_key
"
given="
notices_smtp_password=sandbox-password
notices_sms_token=sandbox-token
population_user=sandbox-user
population_secret_key=sandbox-secret
portal_password=sandbox-password
portal_payment_secret=sandbox-secret-of-the-payment-platform
postal_consumer_key=sandbox-key
postal_consumer_secret=sandbox-secret
"
# End of the adapters.
for name in postgres_password kafka_admin_password kafka_broker_password grafana_admin_password $drawn; do
  if [ ! -s "secrets/$name" ]; then
    od -An -N24 -tx1 /dev/urandom | tr -d ' \n' > "secrets/$name"
  fi
done
for pair in $given; do
  if [ ! -s "secrets/${pair%%=*}" ]; then
    printf %s "${pair#*=}" > "secrets/${pair%%=*}"
  fi
done
# Containers read them under their own user ids; the folder keeps other people of this machine out.
chmod 644 secrets/*
echo "secrets are in $(pwd)/secrets"
