"""Why a signed package is refused: one member per refusal, with its texts from the catalogue of refusals."""

from __future__ import annotations

from enum import StrEnum

from hub.dossier.texts import RefusalTexts, refusal_texts


class Reason(StrEnum):
    """The first thing found wrong, in the order in which the verifier looks."""

    TOO_LARGE = "too_large"
    NOT_XML = "not_xml"
    DTD = "dtd"
    TOO_DEEP = "too_deep"
    NOT_PLAIN = "not_plain"
    """A comment or a processing instruction: readers could disagree about the text."""
    SHAPE = "shape"
    """Not exactly the elements, attributes and order of the profile."""
    ID = "id"
    """An Id that is missing, wrong or used twice."""
    TRANSFORM = "transform"
    ALGORITHM = "algorithm"
    WEAK_KEY = "weak_key"
    BASE64 = "base64"
    REFERENCES = "references"
    """Not exactly the manifest, each listed file and the signed properties."""
    TOO_MANY_REFERENCES = "too_many_references"
    TOO_MANY_CERTIFICATES = "too_many_certificates"
    CERTIFICATE = "certificate"
    """Not readable, or not the one whose digest was signed."""
    CHAIN = "chain"
    """No path to a configured root that was valid at the signing time."""
    CRITICAL_EXTENSION = "critical_extension"
    """A certificate of the path carries a critical restriction that nobody here evaluates."""
    KEY_USAGE = "key_usage"
    UNKNOWN_SIGNER = "unknown_signer"
    """The certificate is bound to no person and no agency."""
    WRONG_ROLE = "wrong_role"
    SIGNATURE_VALUE = "signature_value"
    DIGEST = "digest"
    """The manifest, the properties or the officer's signature value are not what was signed."""
    MANIFEST = "manifest"
    """A field of Art. 17.1 or of the conversion is missing or not readable."""
    CONVERTER = "converter"
    """The signer is not the person who the manifest says converted the paper."""
    ENVIRONMENT = "environment"
    SIGNING_TIME = "signing_time"
    FILE_MISSING = "file_missing"
    FILE_DIFFERS = "file_differs"
    NOT_SIGNED_BY_AGENCY = "not_signed_by_agency"

    @property
    def code(self) -> str:
        """The refusal's code on the wire: `signature.digest`."""
        return f"signature.{self.value}"

    @property
    def texts(self) -> RefusalTexts:
        """What an officer reads, Vietnamese and English."""
        return refusal_texts(self.code)
