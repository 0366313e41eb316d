"""Digitised copies: their manifest, the signature profile, and its strict verifier (docs/signing.md)."""
