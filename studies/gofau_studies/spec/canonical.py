"""Canonical JSON and its SHA-256: the same request gives the same key on every machine."""

import hashlib
import json


def canonical_json(value: object) -> str:
    """Serialise to JSON with sorted keys, no spaces and shortest round-trip floats.

    Raises:
        ValueError: a float that is not finite.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def content_hash(value: object) -> str:
    """The SHA-256 of the canonical JSON of ``value``, as 64 hex digits."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()
