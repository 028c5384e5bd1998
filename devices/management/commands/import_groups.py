"""How is a file of device groups imported without a browser? The pages' own steps, in the foreground.

Exit status: 0 done; 1 the file has errors, which are listed, and nothing was imported; 2 wrong usage.
"""

import json
import sys
from argparse import ArgumentParser
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from devices.groups.files import check, contract, steps, work
from devices.imports.problems import message
from devices.imports.reader import UnreadableFileError
from devices.models import GroupImport

DONE, HAS_ERRORS, USAGE = 0, 1, 2
NUMBERS = ("lines", "groups", "created", "added", "removed")


class Command(BaseCommand):
    help = _("Import device groups from a CSV or XLSX file with the columns groupname, members and description.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path, help=_("CSV or XLSX file."))
        parser.add_argument("--create", action="store_true", help=_("Create groups that don't exist."))
        parser.add_argument(
            "--remove", action="store_true", help=_("Remove devices that are not in the file from its groups.")
        )
        parser.add_argument("--validate-only", action="store_true", help=_("Check the file; import nothing."))
        parser.add_argument(
            "--accept-good-rows", action="store_true", help=_("Import the lines without errors, leave the others.")
        )
        parser.add_argument("--json", action="store_true", help=_("Print one JSON object."))

    def handle(self, *args: Any, **options: Any) -> None:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):  # a terminal that lacks a character gets its number
                stream.reconfigure(errors="backslashreplace")
        batch = self._uploaded(options)
        if batch is None:
            sys.exit(HAS_ERRORS)
        work.run(batch.pk)
        batch.refresh_from_db()
        is_good = batch.counts.get("good") and (not batch.counts["bad"] or options["accept_good_rows"])
        has_errors = bool(batch.failure or batch.counts.get("bad"))
        if is_good and not batch.failure and not options["validate_only"]:
            steps.start_commit(batch, None, good_rows=options["accept_good_rows"], tell_worker=False)
            work.run(batch.pk)
            batch.refresh_from_db()
        self._print(batch, options)
        if batch.state != GroupImport.State.COMMITTED:
            steps.discard(batch)
        if has_errors or batch.failure:
            sys.exit(HAS_ERRORS)

    def _uploaded(self, options: dict[str, Any]) -> GroupImport | None:
        """Return the file as an import; None, with the reason printed, when it is no table of groups."""
        path: Path = options["file"]
        chosen = {"creates": options["create"], "removes": options["remove"]}
        try:
            with path.open("rb") as content:
                return steps.upload(content, path.name, None, tell_worker=False, **chosen)
        except OSError as error:
            self.stderr.write(_("%(file)s can't be read: %(reason)s") % {"file": path, "reason": error.strerror})
            sys.exit(USAGE)
        except (UnreadableFileError, contract.HeaderError) as error:
            wrong = {"line": error.line, "column": "", "value": "", "code": error.code, "message": str(error.message)}
            if options["json"]:
                nothing = dict.fromkeys(NUMBERS, 0)
                self._print_json(batch=None, state="unreadable", **nothing, errors=[wrong], warnings=[])
            else:
                self.stderr.write(f"{wrong['message']} [{wrong['code']}]")
            return None

    def _print(self, batch: GroupImport, options: dict[str, Any]) -> None:
        errors, warnings = _listed(batch, "error"), _listed(batch, "warning")
        if batch.failure:
            errors.insert(0, {"column": "", "value": "", **batch.failure})
        if options["json"]:
            is_done = batch.state == GroupImport.State.COMMITTED
            numbers = {name: batch.counts.get(name, 0) for name in NUMBERS}
            if not is_done:
                numbers |= {"created": 0, "added": 0, "removed": 0}
            self._print_json(batch=batch.pk, state=batch.state, **numbers, errors=errors, warnings=warnings)
            return
        for label, found in ((_("error"), errors), (_("warning"), warnings)):
            for problem in found:
                text = _("Line %(line)s, %(column)s: %(label)s: %(message)s [%(code)s]")
                self.stderr.write(text % {**problem, "label": label})
        if batch.state == GroupImport.State.COMMITTED:
            text = _("Groups: %(groups)s, created: %(created)s. Devices put in: %(added)s, taken out: %(removed)s.")
        else:
            text = _("Nothing was imported. Lines: %(lines)s, with errors: %(bad)s.")
        self.stdout.write(text % {"lines": 0, "bad": 0, **batch.counts})

    def _print_json(self, **result: object) -> None:
        self.stdout.write(json.dumps(result))


def _listed(batch: GroupImport, severity: str) -> list[dict[str, object]]:
    """Return the problems of one severity, in the order of the file."""
    return [
        {
            "line": problem.line,
            "column": problem.column,
            "value": problem.value,
            "code": problem.code,
            "message": message(problem.code, column=problem.column, value=problem.value, detail=problem.detail),
            **({"suggestion": problem.suggestion} if problem.suggestion else {}),
        }
        for problem in check.listed(batch, severity)
    ]
