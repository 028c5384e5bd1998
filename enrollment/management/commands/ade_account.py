"""How is an ADE account made, connected and synced without a browser? The pages' own steps, in the foreground.

`create NAME` prints the public key for Apple; `token NAME FILE` takes what Apple gave and checks it there; `sync NAME`
syncs now. Exit status: 0 done; 1 Apple or the file refuses, with the reason; 2 wrong usage, and nothing was changed.
"""

import json
import sys
from argparse import ArgumentParser
from io import TextIOWrapper
from pathlib import Path
from typing import Any, NoReturn

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.translation import gettext as _

from devices.models import Domain
from enrollment.ade import accounts, runs, standing, sync
from enrollment.ade.accounts import AccountUseError
from enrollment.ade.errors import AdeError
from enrollment.ade.token_file import MAX_BYTES, TokenFileError
from enrollment.ade.token_words import words_of
from enrollment.models import AdeAccount, AdeSync
from enrollment.models.ade_account import APPLE

DONE, FAILED, USAGE = 0, 1, 2
NUMBERS = ("added", "modified", "deleted", "pre_approved")


class Command(BaseCommand):
    help = _("Make, connect or sync an account of Apple Business or School Manager.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="what", metavar="COMMAND", required=True)
        create = commands.add_parser("create", help=_("Make an account, and print the public key for Apple (PEM)."))
        create.add_argument("name", metavar="NAME", help=_("As you call it."))
        create.add_argument("--base-url", default=APPLE, help=_("Another address than Apple's: a simulator's."))
        create.add_argument("--domain", default=Domain.LOCAL, help=_("Its devices belong to this domain."))
        create.add_argument(
            "--pre-approve", action="store_true", help=_("Pre-approve every device that Apple lists for it.")
        )
        token = commands.add_parser("token", help=_("Take the token file that Apple gave, and check it at Apple."))
        token.add_argument("name", metavar="NAME", help=_("Of the account."))
        token.add_argument("file", metavar="FILE", type=Path, help=_("Its name ends in _smime.p7m."))
        token.add_argument("--force", action="store_true", help=_("Take it even if it is of another server at Apple."))
        synced = commands.add_parser("sync", help=_("Read what Apple lists, now."))
        synced.add_argument("name", metavar="NAME", help=_("Of the account."))
        synced.add_argument("--full", action="store_true", help=_("Read the whole list, not only what has changed."))
        synced.add_argument("--json", action="store_true", help=_("Print one JSON object."))

    def handle(self, *args: Any, **options: Any) -> None:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):  # a terminal that lacks a character gets its number
                stream.reconfigure(errors="backslashreplace")
        match options["what"]:
            case "create":
                self._create(options)
            case "token":
                self._take_token(self._account(options["name"]), options["file"], is_forced=options["force"])
            case _:
                self._sync(self._account(options["name"]), options)

    def _create(self, options: dict[str, Any]) -> None:
        domain = Domain.objects.filter(name=options["domain"]).first()
        if domain is None and options["domain"] == Domain.LOCAL:
            domain = Domain.objects.local()
        if domain is None:
            known = ", ".join(Domain.objects.order_by("name").values_list("name", flat=True))
            self._stop(
                _("There is no domain “%(name)s”. There are: %(known)s") % {"name": options["domain"], "known": known}
            )
        account = AdeAccount(name=" ".join(options["name"].split()), domain=domain, pre_approve=options["pre_approve"])
        try:
            account.base_url = accounts.base_url_of(options["base_url"])
            account.full_clean(exclude=("private_key", "certificate", "server_token"))
        except AccountUseError as error:
            self._stop(f"--base-url: {error}")
        except ValidationError as error:
            self._stop("\n".join(f"{name}: {' '.join(texts)}" for name, texts in error.message_dict.items()))
        accounts.create(account)
        self.stdout.write(account.certificate.strip())

    def _take_token(self, account: AdeAccount, file: Path, *, is_forced: bool) -> None:
        try:
            with file.open("rb") as opened:
                content = opened.read(MAX_BYTES + 1)
        except OSError as error:
            self._stop(_("%(file)s can't be read: %(reason)s") % {"file": file, "reason": error.strerror})
        try:
            accounts.take_token(account, content, is_forced=is_forced)
        except TokenFileError as error:
            self._stop(f"{words_of(error.code)} [{error.code}]", FAILED)
        except AccountUseError as error:
            hint = _("To take it nevertheless: --force")
            self._stop(f"{error} {hint}", FAILED)
        try:
            accounts.check(account)
        except AdeError:
            account.refresh_from_db()
            self._stop(f"{_('The token was taken, but Apple refuses the account.')} {self._matter(account)}", FAILED)
        text = _("Connected to “%(server)s” of %(organisation)s. The token expires on %(date)s.")
        facts = {"server": account.server_name, "organisation": account.org_name}
        self.stdout.write(text % {**facts, "date": f"{account.token_expires_at:%Y-%m-%d}"})

    def _sync(self, account: AdeAccount, options: dict[str, Any]) -> None:
        run = self._begun(account, is_full=options["full"])
        sync.run(run.pk)
        run.refresh_from_db()
        account.refresh_from_db()
        is_done = run.state == AdeSync.State.DONE
        # "ok" says that this sync went well, and not only that Apple has answered.
        state = run.state if account.state == AdeAccount.State.OK and not is_done else account.state
        numbers = {name: getattr(run, name) for name in NUMBERS}
        if options["json"]:
            self.stdout.write(json.dumps({**numbers, "state": state}))
        else:
            text = _("Added: %(added)s. Modified: %(modified)s. Removed: %(deleted)s. Pre-approved: %(pre_approved)s.")
            self.stdout.write(text % numbers)
        if not is_done:
            self._stop(f"{self._matter(account)} [{run.error or run.state}]", FAILED)

    def _begun(self, account: AdeAccount, *, is_full: bool) -> AdeSync:
        """Begin a sync, or take up one that waits: it was interrupted, or no worker has come for it."""
        runs.free_dead()
        try:
            return runs.begin(account, full=is_full, tell_worker=False)
        except runs.RunningError as error:
            found = runs.hurry(account, full=is_full) or error.run
            if found is None or found.state != AdeSync.State.QUEUED:
                self._stop(str(error), FAILED)
            if found.next_at is not None and found.next_at > timezone.now():
                text = _("A sync of this account waits until %(time)s, as Apple asked for, and goes on by itself.")
                self._stop(text % {"time": f"{timezone.localtime(found.next_at):%H:%M:%S}"}, FAILED)
            return found
        except AccountUseError as error:
            self._stop(str(error))

    def _matter(self, account: AdeAccount) -> str:
        advice = standing.advice_of(account)
        return f"{advice.matter} {advice.to_do}".strip()

    def _account(self, name: str) -> AdeAccount:
        account = AdeAccount.objects.filter(name=name).first()
        if account is None:
            known = ", ".join(AdeAccount.objects.values_list("name", flat=True)) or "–"
            self._stop(_("There is no ADE account “%(name)s”. There are: %(known)s") % {"name": name, "known": known})
        return account

    def _stop(self, text: str, status: int = USAGE) -> NoReturn:
        self.stderr.write(text)
        sys.exit(status)
