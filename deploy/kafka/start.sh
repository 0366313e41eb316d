#!/bin/sh
# Starts a broker; the first time it formats the storage with the user `admin`, from whom all others come.
# Of several brokers each gets KAFKA_NODE (from 1), KAFKA_NAME, KAFKA_INNER (its name, for the other brokers),
# KAFKA_VOTERS (all of them), KAFKA_HOST_PORT (where this machine reaches it) and KAFKA_COPIES (how many there are).
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
# As many as server.properties allows connections, and as many again for the files of the logs.
if [ "$(ulimit -n)" != unlimited ] && [ "$(ulimit -n)" -lt 10000 ]; then
  ulimit -n 10000 2>/dev/null || {
    echo "kafka: $(ulimit -n) file descriptors are too few: raise nofile to 10000 or more" >&2
    exit 2
  }
fi
copies=${KAFKA_COPIES:-1}
sed -e "s|@BROKER_PASSWORD@|$(cat "$secrets/kafka_broker_password")|g" \
  -e "s|@NODE@|${KAFKA_NODE:-1}|g" \
  -e "s|@NAME@|${KAFKA_NAME:-kafka}|g" \
  -e "s|@INNER@|${KAFKA_INNER:-localhost}|g" \
  -e "s|@VOTERS@|${KAFKA_VOTERS:-1@localhost:9093}|g" \
  -e "s|@HOST_PORT@|${KAFKA_HOST_PORT:-9094}|g" \
  -e "s|@COPIES@|$copies|g" \
  -e "s|@WRITTEN@|$((copies / 2 + 1))|g" "$template" > "$properties"
"$home/bin/kafka-storage.sh" format --ignore-formatted --config "$properties" --cluster-id "$CLUSTER_ID" \
  --add-scram "SCRAM-SHA-512=[name=admin,password=$(cat "$secrets/kafka_admin_password")]"
exec "$home/bin/kafka-server-start.sh" "$properties"
