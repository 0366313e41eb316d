"""What a participant over HTTPS is told: its token and a first request with curl, ready to be pasted."""

from __future__ import annotations

from string import Template

from hub.settings import Settings

_TEXT = Template(r"""
participant $name: comes over HTTPS to $url
token=$token

# curl: post the data of a request, which lies in request.json, and read what came back
curl -sS $url/v1/events -H "Authorization: Bearer $$token" \
  -H 'ce-specversion: 1.0' -H "ce-id: $$(cat /proc/sys/kernel/random/uuid)" \
  -H 'ce-source: /participants/$name' -H 'ce-type: onestop.dossier.submit.v1' \
  -H "ce-time: $$(date -u +%FT%TZ)" -H 'ce-subject: ref:HS-0001' \
  -H 'content-type: application/json' --data-binary @request.json
curl -sS "$url/v1/messages?wait=10" -H "Authorization: Bearer $$token"
""")


_DOCUMENTS = Template(r"""
participant $name: uploads documents to $url
token=$token

# curl: upload a scan under its SHA-256; events go over Kafka
curl -sS -X POST -T scan.pdf -H "Authorization: Bearer $$token" -H 'content-type: application/pdf' \
  "$url/v1/documents?sha256=$$(sha256sum scan.pdf | cut -d' ' -f1)"
""")


def how_to_connect_over_https(tree: Settings, name: str, token: str) -> str:
    """Token and commands; without `HUB_GATEWAY__PUBLIC_URL` the address is made of host and port."""
    return _TEXT.substitute(name=name, token=token, url=_url(tree))


def how_to_upload(tree: Settings, name: str, token: str) -> str:
    """The same for a participant over Kafka whose token serves documents and look-ups."""
    return _DOCUMENTS.substitute(name=name, token=token, url=_url(tree))


def _url(tree: Settings) -> str:
    door = tree.gateway
    scheme = "https" if door.certificate_file else "http"
    return (door.public_url or f"{scheme}://{door.host}:{door.port or '<port>'}").rstrip("/")
