"""What is written of a request to enroll that never came to the gate? One that can't be understood, or one too many.

The gate writes down what it decides (entry.py). Of these there may be any number a second, so not all are written.
"""

import logging
from collections.abc import Mapping

from django.db import Error as DatabaseError
from django.db import transaction

from . import limits
from .client_address import subnet_of
from .gate import Visitor
from .models import EnrollmentAttempt
from .reasons import Reason
from .sent_json import Errors, printable

logger = logging.getLogger(__name__)

LONGEST = EnrollmentAttempt._meta.get_field("problem").max_length or 0


def record(reason: Reason, visitor: Visitor, said: Mapping[str, str], errors: Errors | None = None) -> None:
    """Write down that somebody was turned away, unless there were too many of these within a minute (limits.py).

    Args:
        reason: why.
        visitor: who it was.
        said: what could be read of the request, by the columns of EnrollmentAttempt; no credentials.
        errors: what was wrong with its fields.
    """
    if not limits.is_noted(subnet_of(visitor.address) or ""):
        return
    problem = " ".join(f"{name}: {text}" if name else text for name, texts in (errors or {}).items() for text in texts)
    try:
        with transaction.atomic():
            EnrollmentAttempt.objects.create(
                **said,
                is_let_in=False,
                reason=reason,
                problem=printable(problem)[:LONGEST],
                address=visitor.address,
                user_agent=visitor.user_agent[:300],
            )
    except DatabaseError:  # the answer doesn't depend on it
        logger.exception("a request that was turned away can't be recorded")
