#!/bin/sh
# Starts the broker; the first time it formats the storage with the user `admin`, from whom all others come.
set -eu
umask 077
home=${KAFKA_HOME:-/opt/kafka}
secrets=${KAFKA_SECRETS:-/run/secrets}
template=${KAFKA_TEMPLATE:-/etc/hub/server.properties}
properties=${KAFKA_PROPERTIES:-/tmp/server.properties}
for name in kafka_admin_password kafka_broker_password; do
  if [ ! -r "$secrets/$name" ]; then
    echo "kafka: secret $name is missing: run deploy/make-secrets.sh" >&2
    exit 2
  fi
done
sed "s|@BROKER_PASSWORD@|$(cat "$secrets/kafka_broker_password")|g" "$template" > "$properties"
"$home/bin/kafka-storage.sh" format --ignore-formatted --config "$properties" --cluster-id "$CLUSTER_ID" \
  --add-scram "SCRAM-SHA-512=[name=admin,password=$(cat "$secrets/kafka_admin_password")]"
exec "$home/bin/kafka-server-start.sh" "$properties"
