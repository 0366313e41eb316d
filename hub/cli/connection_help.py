"""What a new participant is told: its connection and a first request, ready to be pasted, or as files."""

from __future__ import annotations

from string import Template

from hub.cli.connection_files import File, Files
from hub.participants.registry import user_of
from hub.settings import KafkaSettings

_WHERE = Template("participant $name: publishes to $written, reads $read in group $group (or $group.*)")
_LIBRDKAFKA = Template("""\
bootstrap.servers=$bootstrap
security.protocol=$protocol
sasl.mechanism=SCRAM-SHA-512
sasl.username=$user
sasl.password=$password$tls_kcat""")
_JAVA = Template("""\
bootstrap.servers=$bootstrap
security.protocol=$protocol
sasl.mechanism=SCRAM-SHA-512
sasl.jaas.config=$jaas required username="$user" password="$password";""")
_TEXT = Template(r"""
$where

# kcat (kcat -V: librdkafka 2.6.1 or newer): publish request.json, then read until its receipt is there
(umask 077; cat > $name.kcat <<'END'
$librdkafka
END
)
id=$$(cat /proc/sys/kernel/random/uuid)
subject=ref:HS-$${id%%-*}
kcat -F $name.kcat -P -t $written -k $$subject \
  -H ce_specversion=1.0 -H ce_id=$$id -H ce_source=/participants/$name \
  -H ce_type=onestop.dossier.submit.v1 -H ce_time=$$(date -u +%FT%TZ) -H ce_subject=$$subject \
  -H content-type=application/json request.json
(umask 077; until grep -qs "\"request\":\"$$id\"" $name.answers; do
  sleep 1; kcat -q -F $name.kcat -C -t $read -o beginning -e -f 'key %k\n%h\n%s\n\n' > $name.answers
done)
cat $name.answers

# Python (aiokafka)
connection = dict(bootstrap_servers="$bootstrap",
    security_protocol="$protocol", sasl_mechanism="SCRAM-SHA-512",
    sasl_plain_username="$user", sasl_plain_password="$password"$tls_aiokafka)
producer = AIOKafkaProducer(**connection, acks="all", enable_idempotence=True)
consumer = AIOKafkaConsumer("$read", group_id="$group", auto_offset_reset="earliest", **connection)

# Python (confluent-kafka)
connection = {"bootstrap.servers": "$bootstrap",
    "security.protocol": "$protocol", "sasl.mechanism": "SCRAM-SHA-512",
    "sasl.username": "$user", "sasl.password": "$password"$tls_confluent}
producer = Producer(connection | {"enable.idempotence": True, "partitioner": "murmur2_random"})
consumer = Consumer(connection | {"group.id": "$group", "auto.offset.reset": "earliest"})

# Java (client.properties)
$java
""")
_JAAS = "org.apache.kafka.common.security.scram.ScramLoginModule"


def how_to_connect(settings: KafkaSettings, name: str, password: str) -> str:
    """Settings for kcat, Python and Java; with TLS the broker's CA is expected in `ca.pem`."""
    values = _values(settings, name, password)
    parts = {"where": _WHERE, "librdkafka": _LIBRDKAFKA, "java": _JAVA}
    return _TEXT.substitute(values | {part: text.substitute(values) for part, text in parts.items()})


def connection_files(settings: KafkaSettings, name: str, password: str) -> Files:
    """The same as files: for everything on librdkafka and `hub send`, and for Java."""
    values = _values(settings, name, password)
    return Files(
        _WHERE.substitute(values),
        {
            f"{name}.conf": File(f"{_LIBRDKAFKA.substitute(values)}\n", "librdkafka (kcat), hub send"),
            f"{name}.properties": File(f"{_JAVA.substitute(values)}\n", "Java"),
        },
    )


def _values(settings: KafkaSettings, name: str, password: str) -> dict[str, str]:
    is_tls = settings.ca_file is not None
    return {
        "name": name,
        "bootstrap": settings.participants_bootstrap or settings.bootstrap,
        "protocol": "SASL_SSL" if is_tls else "SASL_PLAINTEXT",
        "user": user_of(name, settings.prefix),
        "password": password,
        "jaas": _JAAS,
        "group": f"{settings.prefix}{name}",
        "written": f"{settings.prefix}in.{name}",
        "read": f"{settings.prefix}out.{name}",
        "tls_kcat": "\nssl.ca.location=ca.pem" if is_tls else "",
        "tls_aiokafka": ',\n    ssl_context=create_ssl_context(cafile="ca.pem")' if is_tls else "",
        "tls_confluent": ', "ssl.ca.location": "ca.pem"' if is_tls else "",
    }
