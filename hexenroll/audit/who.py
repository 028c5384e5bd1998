"""Who is acting now, through what, and from where? Asked when an entry of the audit log is written.

The middleware remembers the request, Celery's signals the task; what runs outside both is a command. Nothing is looked
up before there is something to write: most requests change nothing.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from celery.signals import task_postrun, task_prerun
from django.http import HttpRequest, HttpResponseBase

from enrollment.client_address import client_address
from hexenroll.models.audit_by import By

API = "/api/"  # programs and devices; everything else is a person's


@dataclass(frozen=True)
class Actor:
    """Who acts.

    Attributes:
        by: through what.
        name: as it is called now; "": nobody who is known.
        account: the account's number; None: there is none.
        address: where it comes from; None where that says nothing.
    """

    by: By
    name: str
    account: int | None = None
    address: str | None = None


_request: ContextVar[HttpRequest | None] = ContextVar("request", default=None)
_task: ContextVar[str] = ContextVar("task", default="")


def acting(person: Any = None) -> Actor:
    """Return who acts now.

    Args:
        person: the account that asked for what a job does; None: whoever the request, the job or the command is.
    """
    request = _request.get()
    if request is not None:
        return _of_request(request)
    if person is not None:
        return Actor(By.JOB if _task.get() else By.COMMAND, person.get_username(), person.pk)
    if name := _task.get():
        return Actor(By.JOB, name)
    return Actor(By.COMMAND, " ".join([Path(sys.argv[0]).name, *sys.argv[1:2]])[:200])


def _of_request(request: HttpRequest) -> Actor:
    address = client_address(request)
    key = getattr(request, "api_key", None)
    if key is not None:
        name = f"{key.account.get_username()} ({key.name})"
        return Actor(By.API_KEY, name[:200], key.account_id, address)
    if request.path_info.startswith(API):
        return Actor(By.DEVICE, "", None, address)
    person = getattr(request, "user", None)
    if person is None or not person.is_authenticated:
        return Actor(By.PERSON, "", None, address)
    return Actor(By.PERSON, person.get_username(), person.pk, address)


@contextmanager
def on_behalf_of(request: HttpRequest) -> Iterator[None]:
    """Let what is written in this block be the doing of a request."""
    token = _request.set(request)
    try:
        yield
    finally:
        _request.reset(token)


class ActingMiddleware:
    """Remember each request while it is answered."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with on_behalf_of(request):
            return self.get_response(request)


def _task_begins(sender: Any = None, **kwargs: object) -> None:
    _task.set(str(sender.name).rpartition(".")[2].replace("_", " "))


def _task_ends(**kwargs: object) -> None:
    _task.set("")


def follow_tasks() -> None:
    """Have Celery say which task runs."""
    task_prerun.connect(_task_begins, dispatch_uid="hexenroll.audit.task_begins")
    task_postrun.connect(_task_ends, dispatch_uid="hexenroll.audit.task_ends")
