"""What goes wrong with forms: all are `FormError`."""

from __future__ import annotations

from hub.errors import HubError


class FormError(HubError):
    """A form cannot be made; says where and why."""


class NotIssuedError(FormError):
    """The dossier has no fact that this form belongs to."""
