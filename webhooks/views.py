"""The receivers: verify, decode, file, answer.

The vendor redelivers nothing, so what it sends is lost unless it is stored. Hence: 200 once an answer is committed,
as a result, as a duplicate or, whole, as a stray; 503 only where the database could store nothing. Redis is
not on this path.
"""

import logging

from django.db import Error as StorageError
from django.http import HttpResponse

from batches.results import Filing, file_answer, note_completion
from batches.vendor import protocol
from webhooks.auth import vendor_only
from webhooks.models import Stray

logger = logging.getLogger(__name__)


@vendor_only
def item_result(request, token, body):
    return take(Stray.Kind.ITEM, token, body, protocol.decode_answer, file_answer)


@vendor_only
def batch_complete(request, token, body):
    return take(Stray.Kind.COMPLETION, token, body, protocol.decode_completion, note_completion)


def take(kind, token, body, decode, file):
    """Decode a delivery and file it, or keep it as a stray."""
    token = token.replace("\0", "")
    try:
        try:
            text = protocol.read_text(body)
            delivery = decode(text)
        except protocol.Malformed:
            return keep(kind, token, body, "The body is not a JSON object in UTF-8.")
        filing = file(token, delivery, text)
        if filing not in {Filing.FILED, Filing.DUPLICATE}:
            return keep(kind, token, body, filing.value)
    except StorageError as error:
        # The class only: the text of a database error can hold the row.
        logger.error("A delivery could not be stored: %s", type(error).__name__)
        return HttpResponse(status=503)
    return HttpResponse()


def keep(kind, token, body, reason):
    Stray.objects.create(kind=kind, token=token[:64], body=body, reason=reason)
    return HttpResponse()
