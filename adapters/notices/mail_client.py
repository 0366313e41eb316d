"""One e-mail to one server over SMTP: what it answered, or `CallError` by what is known of the effect."""

from __future__ import annotations

import asyncio
import re
import ssl
from typing import Final

import aiosmtplib

from adapters.notices.settings import NoticesSettings
from hub.delivery.errors import EffectUnsureError, NoEffectError

_FOR_GOOD: Final = range(500, 600)
_NOT_OF_THIS_ADDRESS: Final = frozenset({530, 534, 535, 538})
"""Wrong or missing account: another attempt after the site has mended it can do."""


class MailRefusedError(Exception):
    """The server said no to this address or this text for good."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


class MailClient:
    """A connection for each e-mail; nothing is kept between two."""

    def __init__(self, settings: NoticesSettings) -> None:
        self._settings = settings

    async def send(self, to: str, content: bytes) -> str:
        """Give the server's last answer as it came.

        MailRefusedError for good, NoEffectError before the text was sent or after the server said "not now",
        EffectUnsureError when the answer to the text was lost.
        """
        client = self._client()
        try:
            async with asyncio.timeout(self._settings.total_timeout_s):
                await self._prepare(client, to)
        except aiosmtplib.SMTPResponseException as error:
            raise self._refused("mail", error) from None
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            client.close()
            why = f"mail: {type(error).__name__}"
            raise NoEffectError(why, self._settings.retry_delay_s, "unreachable") from None
        return await self._hand_over(client, content)

    def _client(self) -> aiosmtplib.SMTP:
        settings = self._settings
        assert settings.smtp_host is not None
        context = ssl.create_default_context(cafile=settings.smtp_ca_file)
        return aiosmtplib.SMTP(
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            timeout=settings.total_timeout_s,
            use_tls=settings.smtp_security == "tls",
            start_tls=settings.smtp_security == "starttls",
            tls_context=context if settings.smtp_security != "none" else None,
            local_hostname="hub.invalid",
        )

    async def _prepare(self, client: aiosmtplib.SMTP, to: str) -> None:
        settings = self._settings
        await client.connect(timeout=settings.connect_timeout_s)
        if settings.smtp_user is not None and settings.smtp_password is not None:
            await client.login(settings.smtp_user, settings.smtp_password.get_secret_value())
        await client.mail(settings.sender)
        await client.rcpt(to)

    async def _hand_over(self, client: aiosmtplib.SMTP, content: bytes) -> str:
        try:
            async with asyncio.timeout(self._settings.total_timeout_s):
                answer = await client.data(content)
        except aiosmtplib.SMTPResponseException as error:
            raise self._refused("mail data", error) from None
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise EffectUnsureError(f"mail data: {type(error).__name__}", "timeout") from None
        finally:
            client.close()
        return f"{answer.code} {answer.message}"

    def _refused(self, step: str, error: aiosmtplib.SMTPResponseException) -> Exception:
        is_of_the_site = error.code in _NOT_OF_THIS_ADDRESS
        if error.code in _FOR_GOOD and not is_of_the_site:
            return MailRefusedError(error.code)
        return NoEffectError(f"{step}: SMTP {error.code}", self._settings.retry_delay_s)


def proof_of(answer: str) -> str:
    """An answer as a reference: printable ASCII, no blanks, and nothing like a number of a person."""
    shown = re.sub(r"[^\x21-\x7e]+", ".", answer)[:64].strip(".") or "taken"
    return re.sub(r"[0-9]{9,}", lambda found: found[0].translate(_LETTERS), shown)


_LETTERS: Final = str.maketrans("0123456789", "ghijklmnop")
