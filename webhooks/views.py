"""The receivers: verify, decode, file, answer.

The vendor redelivers nothing, so what it sends is lost unless it is stored. Hence: 200 once an answer is committed,
as a result, as a duplicate or, whole, as a stray; 503 only where the database could store nothing. Redis is
not on this path.
"""

import logging

from django.db import Error as StorageError
from django.http import HttpResponse

from webhooks import filing
from webhooks.auth import vendor_only
from webhooks.models import Stray

logger = logging.getLogger(__name__)


@vendor_only
def item_result(request, token, body):
    return answer(Stray.Kind.ITEM, token, body)


@vendor_only
def batch_complete(request, token, body):
    return answer(Stray.Kind.COMPLETION, token, body)


def answer(kind, token, body):
    try:
        filing.take(kind, token.replace("\0", ""), body)
    except StorageError as error:
        # The class only: the text of a database error can hold the row.
        logger.error("A delivery could not be stored: %s", type(error).__name__)
        return HttpResponse(status=503)
    return HttpResponse()
