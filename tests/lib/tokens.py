"""Tokens of unsubscribe links and delivery reports, made a second time from their description (src/domain/token.h)."""

import base64
import hashlib

from .stack import SECRET


def token(purpose, delivery, secret=SECRET, attempt=None):
    """purpose: "unsubscribe" or "report"; of a report, an attempt (without: as reports' were once)."""
    root = hashlib.blake2b(secret.encode(), digest_size=32).digest()
    key = hashlib.blake2b(purpose.encode(), digest_size=32, key=root).digest()
    name = int(delivery).to_bytes(8, "big") + (b"" if attempt is None else int(attempt).to_bytes(6, "big"))
    mac = hashlib.blake2b(name, digest_size=16, key=key).digest()
    return base64.urlsafe_b64encode(name + mac).decode()
