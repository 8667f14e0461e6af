"""Signs what we tell others, as the Standard Webhooks specification says (standardwebhooks.com). Pure."""

import base64
import hashlib
import hmac
import secrets

PREFIX = "whsec_"


def make_secret():
    """32 random bytes in base64, marked as what they are."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def make_id():
    """Return an id that is the same for all tries of a message, so that a receiver recognises it."""
    return f"msg_{secrets.token_hex(16)}"


def sign(secret, message_id, timestamp, body):
    """Return the headers of a message, of which `body` are the bytes, sent at `timestamp` in whole seconds."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = b"%s.%d.%s" % (message_id.encode(), timestamp, body)
    signature = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{signature}",
    }
