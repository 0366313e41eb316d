"""Test support: requests to the gateway as it publishes them, mutated by their structure, from one seed."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any
from urllib.parse import quote

Pairs = list[tuple[bytes, bytes]]
EXTREMES: Sequence[object] = (
    None, True, False, 0, -1, 2**31, 2**63, 10**40, -(10**40), 1e308, 0.1, "", " ", "\x00", "\ud800",
    "\udfff\ud800",
    "\ufffe", "\u202e", "é", "e\u0301", "😀" * 50, "a" * 70_000, "083090000001", "ref:083090000001",
    "../../etc", "%00",
    "'; drop table fact; --", "{{7*7}}", "\r\nx: y", [], {}, [[]], {"": ""}, [None],
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:60Z", "2026-11-23T02:00:60Z", "NaN",
)  # fmt: skip
TEXTS: Sequence[bytes] = (
    b"", b" ", b"\x00", b"\xed\xa0\x80", b"%ED%A0%80", b"%00", b"%FF", b"%", b"%zz", b"%25%30%30",
    b"\xff\xfe", b"\xc0\x80",
    b'"', b'"x"', b'"\\', b'"\\"', b"a" * 9000, b"-1", b"0", b"99999999999999999999", b"1e9",
    b"\xd9\xa1", b"None", b"*", b"/",
    b"//", b"..", b"%2e%2e%2f", b"a/b", b"?", b"#", b"gzip", b"chunked", b"identity",
    b"text/event-stream", b"application/json",
    b"application/cloudevents+json", b"application/cloudevents-batch+json",
    b"multipart/form-data; boundary=x", b"ref:1",
    "ngày".encode(), b"\t", b"1, 1", b"bytes=0-1", b"100-continue", b"close", b"h2c", b"W/\"x\"",
    b";charset=utf-16", b"null",
)  # fmt: skip
NAMES: Sequence[bytes] = (
    b"ce-id", b"ce-specversion", b"ce-source", b"ce-type", b"ce-time", b"ce-subject", b"ce-environment",
    b"ce-traceparent",
    b"ce-", b"ce-\xc3\xa9", b"content-type", b"content-length", b"content-encoding",
    b"transfer-encoding", b"accept",
    b"accept-encoding", b"last-event-id", b"if-none-match", b"range", b"expect", b"upgrade",
    b"connection", b"host", b"te",
    b"authorization", b"traceparent", b"x-forwarded-for", b"x-http-method-override", b"cookie", b"date",
    b"",
)  # fmt: skip
METHODS: Sequence[bytes] = (
    b"GET", b"POST", b"PUT", b"DELETE", b"PATCH", b"HEAD", b"OPTIONS", b"TRACE", b"CONNECT", b"get",
    b"X" * 300, b"", b"\xff",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sent:
    """One request before it is written; the length is counted unless a header names it."""

    method: bytes
    path: bytes
    query: Pairs = field(default_factory=list)
    headers: Pairs = field(default_factory=list)
    body: bytes = b""
    has_length: bool = True

    def encode(self, token: str) -> bytes:
        """The bytes of the request, its connection to be closed after the answer."""
        query = b"&".join(name + b"=" + content for name, content in self.query)
        target = self.path + (b"?" + query if query else b"")
        head = [b"%s %s HTTP/1.1" % (self.method, target), b"host: gateway", b"connection: close"]
        head += [name + b": " + content for name, content in self.headers]
        if not any(name.lower() == b"authorization" for name, _ in self.headers):
            head.append(b"authorization: Bearer " + token.encode())
        if self.has_length and not any(name.lower() == b"content-length" for name, _ in self.headers):
            head.append(b"content-length: %d" % len(self.body))
        return b"\r\n".join([*head, b"", b""]) + self.body


class Mutator:
    """Draws requests: a good one of any route, changed in none to five places."""

    def __init__(self, seed: int, participant: str, data: dict[str, Any], types: Sequence[str]) -> None:
        """`data`: of a good submission; `types`: all that are published."""
        self._random = random.Random(seed)  # noqa: S311  to be drawn again
        self._participant = participant
        self._data = data
        self._types = types
        self._number = 0

    def draw(self) -> Sent:
        """The next request."""
        self._number += 1
        makers: Sequence[Callable[[], Sent]] = (
            self._binary, self._binary, self._structured, self._structured, self._batch, self._receipt,
            self._messages,
            self._dossier, self._upload, self._download, self._contract,
        )  # fmt: skip
        sent = self._random.choice(makers)()
        for _ in range(self._random.choice((0, 1, 1, 1, 2, 2, 3, 5))):
            sent = self._random.choice(
                (self._headers, self._headers, self._body, self._body, self._query, self._path, self._method)
            )(sent)
        return sent

    # Good requests

    def _event(self) -> Any:
        data = self._mutated(self._data) if self._random.random() < 0.3 else self._data
        event: dict[str, Any] = {
            "specversion": "1.0", "id": f"fuzz-{self._number}-{self._random.getrandbits(32)}",
            "source": f"/participants/{self._participant}",
            "type": self._random.choice((*self._types, "onestop.dossier.submit.v1")),
            "time": "2026-11-23T02:00:00Z",
            "subject": f"ref:F-{self._number}", "data": data,
        }  # fmt: skip
        return self._mutated(event) if self._random.random() < 0.4 else event

    def _binary(self) -> Sent:
        event = self._event()
        if not isinstance(event, dict):
            return replace(self._structured(), body=_json(event))
        headers = [(b"content-type", b"application/json")]
        for name, content in event.items():
            if name != "data":
                written = quote(str(content), safe="/:", errors="surrogatepass").encode()
                headers.append((b"ce-" + name.encode("utf-8", "surrogatepass"), written))
        return Sent(b"POST", b"/v1/events", headers=headers, body=_json(event.get("data")))

    def _structured(self) -> Sent:
        return Sent(
            b"POST", b"/v1/events", headers=[(b"content-type", b"application/cloudevents+json")],
            body=_json(self._event())
        )  # fmt: skip

    def _batch(self) -> Sent:
        events = [self._event() for _ in range(self._random.choice((0, 1, 2, 5, 101)))]
        return Sent(
            b"POST", b"/v1/events", headers=[(b"content-type", b"application/cloudevents-batch+json")],
            body=_json(events)
        )  # fmt: skip

    def _receipt(self) -> Sent:
        return Sent(b"GET", f"/v1/receipts/fuzz-{self._random.randrange(1, 50)}".encode(), [(b"wait", b"0")])

    def _messages(self) -> Sent:
        query = [(b"limit", b"2"), (b"wait", b"0")]
        headers = [(b"accept", b"text/event-stream")] if self._random.random() < 0.3 else []
        return Sent(b"GET", b"/v1/messages", query, headers)

    def _dossier(self) -> Sent:
        subjects = (b"ref:F-1", b"000.12.34.H07-261123-0001", b"019aa000-0000-8000-8000-000000000000")
        return Sent(b"GET", b"/v1/dossiers/" + self._random.choice(subjects))

    def _upload(self) -> Sent:
        content = b"%%PDF-1.7\n%d\n%%%%EOF\n" % self._random.randrange(10)
        digest = sha256(content).hexdigest().encode()
        return Sent(
            b"POST", b"/v1/documents", [(b"sha256", digest)], [(b"content-type", b"application/pdf")], content
        )

    def _download(self) -> Sent:
        digest = sha256(b"%d" % self._random.randrange(10)).hexdigest().encode()
        query = [(b"dossier", b"019aa000-0000-8000-8000-000000000000")] if self._random.random() < 0.5 else []
        return Sent(b"GET", b"/v1/documents/" + digest, query)

    def _contract(self) -> Sent:
        return Sent(b"GET", b"/openapi.json")

    # Mutations

    def _mutated(self, value: Any) -> Any:
        """One place of a JSON value is changed: dropped, added, or extreme."""
        draw = self._random
        if isinstance(value, dict) and value and draw.random() < 0.9:
            name = draw.choice(list(value))
            kind = draw.random()
            if kind < 0.15:
                return {key: content for key, content in value.items() if key != name}
            if kind < 0.25:
                return {**value, str(draw.choice(EXTREMES))[:80]: draw.choice(EXTREMES)}
            return {**value, name: self._mutated(value[name])}
        if isinstance(value, list) and value and draw.random() < 0.7:
            place = draw.randrange(len(value))
            return [*value[:place], self._mutated(value[place]), *value[place:]]
        return draw.choice(EXTREMES)

    def _headers(self, sent: Sent) -> Sent:
        draw, pairs = self._random, list(sent.headers)
        kind = draw.random()
        if pairs and kind < 0.3:
            place = draw.randrange(len(pairs))
            pairs[place] = (pairs[place][0], draw.choice(TEXTS))
        elif pairs and kind < 0.45:
            pairs.append(draw.choice(pairs))
        elif pairs and kind < 0.55:
            pairs.pop(draw.randrange(len(pairs)))
        elif pairs and kind < 0.65:
            place = draw.randrange(len(pairs))
            pairs[place] = (
                draw.choice((pairs[place][0].upper(), pairs[place][0] + b" ", b"\t" + pairs[place][0])),
                pairs[place][1],
            )
        else:
            pairs.insert(draw.randrange(len(pairs) + 1), (draw.choice(NAMES), draw.choice(TEXTS)))
        return replace(sent, headers=pairs)

    def _body(self, sent: Sent) -> Sent:
        draw, body = self._random, sent.body
        kind, place = draw.random(), draw.randrange(len(body) + 1)
        if kind < 0.2:
            body = body[:place]
        elif kind < 0.5:
            body = body[:place] + draw.choice(TEXTS) + body[place:]
        elif kind < 0.7:
            body = body[:place] + bytes([draw.randrange(256)]) + body[place + 1 :]
        elif kind < 0.8:
            body = draw.choice(
                (b"[" * 50_000, b'{"a":' * 20_000, b"9" * 20_000, b'"\\ud800"', b"\xef\xbb\xbf{}", b"[1e999]")
            )
        elif kind < 0.9:
            body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
            return replace(
                sent, body=body, headers=[*sent.headers, (b"transfer-encoding", b"chunked")], has_length=False
            )
        else:
            body = body + body
        return replace(sent, body=body)

    def _query(self, sent: Sent) -> Sent:
        draw, pairs = self._random, list(sent.query)
        if pairs and draw.random() < 0.6:
            place = draw.randrange(len(pairs))
            pairs[place] = (pairs[place][0], draw.choice(TEXTS).replace(b" ", b"+"))
        else:
            names = (b"cursor", b"wait", b"limit", b"sha256", b"dossier", b"x", b"%ED%A0%80")
            pairs.append((draw.choice(names), draw.choice(TEXTS).replace(b" ", b"+")))
        return replace(sent, query=pairs)

    def _path(self, sent: Sent) -> Sent:
        draw, place = self._random, self._random.randrange(len(sent.path) + 1)
        added = draw.choice(TEXTS).replace(b" ", b"%20")
        return replace(sent, path=sent.path[:place] + added + sent.path[place + draw.randrange(2) :])

    def _method(self, sent: Sent) -> Sent:
        return replace(sent, method=self._random.choice(METHODS))


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=True).encode()
