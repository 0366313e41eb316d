"""What signing raises: a file of ours that is wrong, or the reason of a signature that is none."""

from __future__ import annotations

from hub.errors import HubError, StartupError
from hub.signing.reason import Reason


class TrustError(StartupError):
    """The folder with roots and signers cannot be used; names the file."""

    code = "signing.trust"


class KeyFileError(HubError):
    """A key file that cannot be read, or a key that the profile does not take."""

    code = "signing.key_file"


class VerificationError(Exception):
    """Inside the verifier only: carries the reason to its one public function."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason
