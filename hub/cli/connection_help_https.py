"""What a participant over HTTPS is told: its token and a first request with curl, ready to be pasted."""

from __future__ import annotations

from string import Template

from hub.cli.connection_files import File, Files

_WHERE = Template("participant $name: $way$place")
_CURL = Template("""\
silent
show-error
header = "Authorization: Bearer $token"
""")
_HEAD = Template(r"""
$where
token=$token

# curl: the token lies in a file, since what stands on a command line stands in the list of processes
$gateway
(umask 077; cat > $name.curl <<'END'
${curl}END
)
""")
_EVENTS_WAY, _DOCUMENTS_WAY = "comes over HTTPS", "uploads documents"
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
    return _head(url, name, token, _EVENTS_WAY) + _EVENTS.substitute(name=name)


def how_to_upload(url: str | None, name: str, token: str) -> str:
    """The same for a participant over Kafka whose token serves documents and look-ups."""
    return _head(url, name, token, _DOCUMENTS_WAY) + _DOCUMENTS.substitute(name=name)


def https_files(url: str | None, name: str, token: str, *, has_events: bool = True) -> Files:
    """The token as a file of curl's options; what is printed beside it sets `GATEWAY`."""
    where = _where(url, name, _EVENTS_WAY if has_events else _DOCUMENTS_WAY)
    file = File(_CURL.substitute(token=token), "curl -K")
    return Files(f"{where}\n{_gateway(url)}", {f"{name}.curl": file})


def _head(url: str | None, name: str, token: str, way: str) -> str:
    return _HEAD.substitute(
        where=_where(url, name, way), token=token, gateway=_gateway(url), name=name,
        curl=_CURL.substitute(token=token),
    )  # fmt: skip


def _where(url: str | None, name: str, way: str) -> str:
    place = f" to {url}" if url is not None else _NOWHERE
    return _WHERE.substitute(name=name, way=way, place=place)


def _gateway(url: str | None) -> str:
    return f"GATEWAY={url}" if url is not None else ': "${GATEWAY:?set it to the address of the gateway}"'
