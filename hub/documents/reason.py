"""Why a document is refused: one member per refusal, with its texts from the catalogue of refusals."""

from __future__ import annotations

from enum import StrEnum

from hub.dossier.texts import RefusalTexts, refusal_texts
from hub.errors import HubError, StartupError


class DocumentReason(StrEnum):
    """The first thing found wrong; nothing of the document is kept then."""

    BAD_DIGEST = "bad_digest"
    """The name is not a SHA-256 in lower-case hex."""
    MEDIA_TYPE_NOT_ALLOWED = "media_type_not_allowed"
    MEDIA_TYPE_DIFFERS = "media_type_differs"
    """The first bytes are not of the type that was declared."""
    EMPTY = "empty"
    TOO_LARGE = "too_large"
    CUT_OFF = "cut_off"
    """Fewer bytes came than were announced."""
    SIZE_DIFFERS = "size_differs"
    """More bytes came than were announced."""
    DIGEST_DIFFERS = "digest_differs"
    MISSING = "missing"

    @property
    def code(self) -> str:
        """The refusal's code on the wire: `document.missing`."""
        return f"document.{self.value}"

    @property
    def texts(self) -> RefusalTexts:
        """What an officer reads, Vietnamese and English."""
        return refusal_texts(self.code)


class DocumentMissingError(HubError):
    """There is no document of this digest."""

    code = "document.missing"


class DocumentDamagedError(HubError):
    """Stored bytes are not those of their digest; only a back-up helps."""

    code = "documents.damaged"


class DocumentsAwayError(HubError):
    """The folder or bucket does not answer or lets us not in: try again, this tells nothing of a document."""

    code = "documents.away"


class DocumentsSettingError(StartupError):
    """The folder or bucket that the settings name cannot be used; names the setting."""

    code = "documents.setting"
