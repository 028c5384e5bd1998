"""How is a file imported without a browser? The wizard's own steps, in the foreground.

Exit status: 0 done; 1 the file has errors, which are listed; 2 wrong usage. A file with errors is imported only with
--accept-good-rows, and then without the rows that have them.
"""

import json
import sys
from argparse import ArgumentParser
from io import TextIOWrapper
from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import BaseCommand
from django.db import DatabaseError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from devices.imports import check, commit, problems, steps
from devices.imports.mapping import MappingError, from_arguments
from devices.imports.reader import UnreadableFileError
from devices.models import Domain, ImportBatch, ImportProblem
from devices.vocabulary import Channel, Duplicates

DONE, HAS_ERRORS, USAGE = 0, 1, 2
OUTCOMES = ("created", "replaced", "skipped", "invited")


class Command(BaseCommand):
    help = _("Import pre-approved devices from a CSV or XLSX file, as Enroll > Pre-approve does.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path, help=_("CSV or XLSX file."))
        parser.add_argument(
            "--domain", metavar="NAME", default=Domain.LOCAL, help=_("Domain of the device users (%(default)s).")
        )
        parser.add_argument(
            "--on-duplicate",
            choices=Duplicates.values,
            default=Duplicates.SKIP.value,
            help=_("What happens to rows whose user or device is in the portal already (%(default)s)."),
        )
        parser.add_argument(
            "--invite",
            choices=Channel.values,
            default=Channel.NONE.value,
            help=_("How the users are to be invited (%(default)s)."),
        )
        parser.add_argument("--validate-only", action="store_true", help=_("Check the file; import nothing."))
        parser.add_argument(
            "--accept-good-rows", action="store_true", help=_("Import the rows without errors, leave the others.")
        )
        parser.add_argument(
            "--map",
            metavar="FIELD=HEADER",
            nargs="+",
            action="extend",
            default=[],
            dest="mapping",
            help=_("Fill fields from the columns with these headers; FIELD==VALUE: from one value for all rows."),
        )
        parser.add_argument("--json", action="store_true", help=_("Print one JSON object."))

    def handle(self, *args: Any, **options: Any) -> None:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):  # a terminal that lacks a character gets its number
                stream.reconfigure(errors="backslashreplace")
        batch = self._uploaded(self._domain(options["domain"]), options)
        if batch is None:
            sys.exit(HAS_ERRORS)
        steps.start_check(batch, tell_worker=False)
        check.run(batch.pk)
        batch.refresh_from_db()
        if batch.state == ImportBatch.State.FAILED:
            failure = batch.failure
            error = _file_error(failure["code"], failure["message"], failure["line"])
            self._print_errors(options, [error], batch)
            sys.exit(HAS_ERRORS)
        has_errors = bool(batch.counts["bad"])
        is_wanted = not options["validate_only"] and (not has_errors or options["accept_good_rows"])
        if is_wanted and batch.counts["good"]:
            self._commit(batch, options)
        self._print_result(batch, options)
        if has_errors or batch.failure:
            sys.exit(HAS_ERRORS)

    def _uploaded(self, domain: Domain, options: dict[str, Any]) -> ImportBatch | None:
        """Return the file as a mapped batch; None, with the reason printed, when it is no table."""
        path: Path = options["file"]
        try:
            with path.open("rb") as content:
                batch = steps.upload(domain, content, path.name, None, validate_only=options["validate_only"])
        except OSError as error:
            self._usage(_("%(file)s can't be read: %(reason)s") % {"file": path, "reason": error.strerror})
        except UnreadableFileError as error:
            self._print_errors(options, [_file_error(str(error.code), str(error.message), error.line)], None)
            return None
        try:
            given = options["mapping"]
            mapping = from_arguments(batch.headers, given) if given else steps.suggestion(batch).mapping
        except UnreadableFileError as error:  # its beginning can be read, but not the rows that follow
            steps.discard(batch)
            self._print_errors(options, [_file_error(str(error.code), str(error.message), error.line)], None)
            return None
        except MappingError as error:
            steps.discard(batch)
            self._usage(str(error))
        if wrong := mapping.problems(batch.headers):
            steps.discard(batch)
            self._print_errors(options, [_file_error(problem.code, problem.message, 1) for problem in wrong], None)
            return None
        steps.save_mapping(batch, mapping)
        return batch

    def _commit(self, batch: ImportBatch, options: dict[str, Any]) -> None:
        steps.choose(
            batch,
            duplicates=options["on_duplicate"],
            channel=options["invite"],
            accept_good_rows=options["accept_good_rows"],
        )
        steps.start_commit(batch, None, tell_worker=False)
        commit.run(batch.pk)
        batch.refresh_from_db()

    def _print_result(self, batch: ImportBatch, options: dict[str, Any]) -> None:
        if options["json"]:
            outcome = {name: batch.counts.get(name, 0) for name in OUTCOMES}
            errors, warnings = _listed(batch, "error"), _listed(batch, "warning")
            self._print_json(
                batch=batch.pk,
                state=batch.state,
                rows=batch.counts["rows"],
                **outcome,
                errors=errors,
                warnings=warnings,
            )
            return
        for severity, label in (("error", _("error")), ("warning", _("warning"))):
            for problem in _listed(batch, severity):
                text = _("Line %(line)s, %(column)s: %(label)s: %(message)s [%(code)s]")
                self.stdout.write(text % {**problem, "label": label})
        if batch.failure:
            self.stderr.write(batch.failure["message"])
        text = _(
            "Batch %(batch)s: %(state)s; %(rows)s rows, %(created)s created, %(replaced)s replaced, "
            "%(skipped)s skipped, %(bad)s with errors."
        )
        counts = {"created": 0, "replaced": 0, "skipped": 0, **batch.counts}
        self.stdout.write(text % {**counts, "batch": batch.pk, "state": batch.get_state_display()})
        if given := batch.counts.get("given"):
            text = ngettext(
                "%(count)s of the rows added a user to a device of Apple ADE.",
                "%(count)s of the rows added users to devices of Apple ADE.",
                given,
            )
            self.stdout.write(text % {"count": given})

    def _print_errors(
        self, options: dict[str, Any], errors: list[dict[str, object]], batch: ImportBatch | None
    ) -> None:
        """Print what is wrong with the file as a whole."""
        if options["json"]:
            state = batch.state if batch else ImportBatch.State.FAILED.value
            outcome = dict.fromkeys(OUTCOMES, 0)
            self._print_json(
                batch=batch.pk if batch else None, state=state, rows=0, **outcome, errors=errors, warnings=[]
            )
            return
        for error in errors:
            is_said = f"ine {error['line']}" in str(error["message"])  # most messages name the line themselves
            place = _("Line %(line)s: ") % error if error["line"] and not is_said else ""
            self.stderr.write(f"{place}{error['message']} [{error['code']}]")

    def _print_json(self, **result: object) -> None:
        self.stdout.write(json.dumps(result))

    def _domain(self, name: str) -> Domain:
        try:
            domains = {domain.name: domain for domain in Domain.objects.all()}
        except DatabaseError as error:
            self._usage(
                _("The database can't be used: %(reason)s. Start the portal once, or migrate.") % {"reason": error}
            )
        if name not in domains:
            self._usage(
                _("There is no domain “%(name)s”. There are: %(names)s.") % {"name": name, "names": ", ".join(domains)}
            )
        return domains[name]

    def _usage(self, message: str) -> NoReturn:
        self.stderr.write(message)
        sys.exit(USAGE)


def _file_error(code: str, message: str, line: int | None) -> dict[str, object]:
    """Return what is wrong with a file as a whole, in the shape of a row's error."""
    return {"line": line, "column": "", "value": "", "code": code, "message": message}


def _listed(batch: ImportBatch, severity: str) -> list[dict[str, object]]:
    """Return a batch's problems of one severity, in the order of the file."""
    found = ImportProblem.objects.filter(batch=batch, severity=severity).order_by("line", "id")
    return [
        {
            "line": problem.line,
            "column": problem.column,
            "value": problem.value,
            "code": problem.code,
            "message": problems.message(
                problem.code, column=problem.column, value=problem.value, detail=problem.detail
            ),
            **({"suggestion": problem.suggestion} if problem.suggestion else {}),
        }
        for problem in found.iterator(chunk_size=2_000)
    ]
