"""What a participant over HTTPS is told: its token and a first request with curl, ready to be pasted."""

from __future__ import annotations

from string import Template

_HEAD = Template(r"""
participant $name: $way$place
token=$token

# curl: the token lies in a file, since what stands on a command line stands in the list of processes
$gateway
(umask 077; cat > $name.curl <<'END'
silent
show-error
header = "Authorization: Bearer $token"
END
)
""")
_NOWHERE = """; where is not known: no gateway runs on this database.
Start one (hub run gateway) or set HUB_GATEWAY__PUBLIC_URL, then the next printout names its address."""
_EVENTS = Template(r"""
# post the data of a request, which lies in request.json, and read what came back
id=$$(cat /proc/sys/kernel/random/uuid)
curl -K $name.curl "$$GATEWAY/v1/events" -H 'ce-specversion: 1.0' -H "ce-id: $$id" \
  -H 'ce-source: /participants/$name' -H 'ce-type: onestop.dossier.submit.v1' \
  -H "ce-time: $$(date -u +%FT%TZ)" -H "ce-subject: ref:HS-$${id%%-*}" \
  -H 'content-type: application/json' --data-binary @request.json
curl -K $name.curl "$$GATEWAY/v1/messages?wait=10"
""")
_DOCUMENTS = Template(r"""
# upload a scan under its SHA-256; events go over Kafka
curl -K $name.curl -X POST -T scan.pdf -H 'content-type: application/pdf' \
  "$$GATEWAY/v1/documents?sha256=$$(sha256sum scan.pdf | cut -d' ' -f1)"
""")


def how_to_connect_over_https(url: str | None, name: str, token: str) -> str:
    """Token and commands; without an address of the gateway it says which setting gives it."""
    return _head(url, name, token, "comes over HTTPS") + _EVENTS.substitute(name=name)


def how_to_upload(url: str | None, name: str, token: str) -> str:
    """The same for a participant over Kafka whose token serves documents and look-ups."""
    return _head(url, name, token, "uploads documents") + _DOCUMENTS.substitute(name=name)


def _head(url: str | None, name: str, token: str, way: str) -> str:
    return _HEAD.substitute(
        name=name,
        token=token,
        way=way,
        place=f" to {url}" if url is not None else _NOWHERE,
        gateway=f"GATEWAY={url}"
        if url is not None
        else ': "${GATEWAY:?set it to the address of the gateway}"',
    )
