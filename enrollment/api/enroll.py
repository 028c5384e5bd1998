"""THE ENDPOINT: `POST /api/v1/enroll`, by which a device asks to come in (DESIGN.md, section 7).

It reads the request, limits how often somebody knocks, and says what the gate says.
"""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponseBase

from enrollment import gate, limits, lockouts, turned_away
from enrollment.client_address import client_address, subnet_of
from enrollment.counters import Outcome
from enrollment.eligibility import Credentials
from enrollment.enroll_request import EnrollRequest, parse
from enrollment.gate import Answer, Visitor
from enrollment.reasons import Reason
from enrollment.sent_json import InvalidRequestError, printable

from .bounds import answer, api, refusal

MAX_BODY = 64 * 1024  # bytes


def _note_invalid(request: HttpRequest, error: InvalidRequestError) -> None:
    turned_away.record(Reason.INVALID, _visitor(request), error.said, error.errors)


@api("POST", largest=MAX_BODY, note=_note_invalid)
def enroll(request: HttpRequest) -> HttpResponseBase:
    """Let a device in, or refuse it and say why."""
    asked, visitor = parse(request.body), _visitor(request)
    try:
        said = _asked_the_gate(asked, visitor)
    except limits.TooManyError as error:
        turned_away.record(Reason.TOO_MANY, visitor, asked.said)
        return refusal(HTTPStatus.TOO_MANY_REQUESTS, Reason.TOO_MANY, Retry_After=str(error.retry_after))
    except limits.UncountableError as error:
        turned_away.record(Reason.UNAVAILABLE, visitor, asked.said)
        return refusal(HTTPStatus.SERVICE_UNAVAILABLE, Reason.UNAVAILABLE, Retry_After=str(error.retry_after))
    return answer(said.body, said.status)


def _visitor(request: HttpRequest) -> Visitor:
    return Visitor(client_address(request), printable(request.headers.get("User-Agent", "")))


def _asked_the_gate(asked: EnrollRequest, visitor: Visitor) -> Answer:
    """Return what the gate says; of credentials it says it to no more guesses than there may be."""
    admitted = limits.admit(
        address=subnet_of(visitor.address) or "",
        serial_number=asked.device.serial_number or "",
        account=asked.email,
        has_credentials=bool(asked.token or asked.email),
    )
    outcome: Outcome = "neither"
    try:
        said = gate.enroll(asked, visitor)
        outcome = _outcome(asked, said)
    finally:
        for lock in limits.settle(admitted, outcome):
            lockouts.record(lock)
    return said


def _outcome(asked: EnrollRequest, said: Answer) -> Outcome:
    """Return what the credentials of a request count as.

    Where none are demanded, a wrong password is a guess all the same; an old link is none: an office may have many.
    """
    is_wrong_password = bool(asked.email) and said.credentials is Credentials.WRONG
    if is_wrong_password or said.body.get("code") == Reason.BAD_CREDENTIALS:
        return "wrong"
    return "right" if said.status == HTTPStatus.OK else "neither"
