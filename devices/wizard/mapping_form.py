"""What does the mapping form show for each field and column, and what was chosen in it? Called by mapping.py."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from django import forms
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from devices.approval import excluded_platforms
from devices.imports.columns import COLUMNS, Column
from devices.imports.mapping import Mapping, MappingProblem, Match, own_columns, shown_header
from devices.imports.mapping.headers import header_key
from devices.imports.mapping.products import SYNONYMS
from devices.imports.reader import DELIMITERS, ENCODINGS, FileFormat
from devices.vocabulary import Ownership, Platform

# What stands in a field's select when one value is given for all rows.
FIXED = "fixed"
SAMPLES = 3
SAMPLE_LENGTH = 30
HIDDEN = "••••••"


@dataclass(frozen=True)
class ColumnChoice:
    """A column of the file as the form offers it. `is_used`: it fills a field; not `can_be_kept`: it is our own."""

    index: int
    header: str
    samples: str
    is_used: bool
    is_kept: bool
    can_be_kept: bool

    @property
    def text(self) -> str:
        return f"{self.header}  ({self.samples})" if self.samples else self.header


@dataclass(frozen=True)
class FieldRow:
    """A field of the portal as the form shows it: `selected` and `second` are columns' indexes or FIXED, as text."""

    column: Column
    selected: str
    second: str
    fixed: str
    reason: str
    problems: list[str]

    @property
    def has_two_parts(self) -> bool:
        return self.column.parts > 1

    @property
    def is_fixed(self) -> bool:
        return self.selected == FIXED

    @property
    def fixed_choices(self) -> list[tuple[str, str | Promise]]:
        if self.column.field == "platform":
            excluded = excluded_platforms()
            return [choice for choice in Platform.choices if choice[0] not in excluded]
        return list(Ownership.choices) if self.column.field == "ownership" else []


def secret_columns(headers: Sequence[str], mapping: Mapping) -> set[int]:
    """Return indexes of columns whose values are never shown: what fills the password, or is called so."""
    keys = [header_key(header) for header in headers]
    called_so = {index for index, key in enumerate(keys) if "passwor" in key or key in SYNONYMS["password"]}
    return called_so | set(mapping.columns.get("password", ()))


def column_choices(
    headers: Sequence[str], rows: Sequence[Sequence[str]], mapping: Mapping, secrets: set[int]
) -> list[ColumnChoice]:
    """Return every column of the file with a few of its values."""
    used = {index for indexes in mapping.columns.values() for index in indexes}
    own = own_columns(headers)
    return [
        ColumnChoice(
            index=index,
            header=shown_header(headers, index),
            samples=HIDDEN if index in secrets else _samples(row[index] for row in rows if index < len(row)),
            is_used=index in used,
            is_kept=index in mapping.kept,
            can_be_kept=index not in own,
        )
        for index in range(len(headers))
    ]


def _samples(cells: Iterable[str]) -> str:
    values = dict.fromkeys(cell.strip() for cell in cells if cell.strip())
    return ", ".join(Truncator(value).chars(SAMPLE_LENGTH) for value in list(values)[:SAMPLES])


def field_rows(mapping: Mapping, reasons: dict[str, Match], problems: Sequence[MappingProblem] = ()) -> list[FieldRow]:
    """Return one row for each field, in the order of the contract."""
    rows = []
    for column in COLUMNS:
        first, second = (*map(str, mapping.columns.get(column.field, ())), "", "")[:2]
        is_fixed = column.field in mapping.fixed
        rows.append(
            FieldRow(
                column=column,
                selected=FIXED if is_fixed else first,
                second=second,
                fixed=mapping.fixed.get(column.field, ""),
                reason=reasons[column.field].text if column.field in reasons else "",
                problems=[problem.message for problem in problems if problem.field == column.field],
            )
        )
    return rows


def chosen_mapping(post: QueryDict, headers: Sequence[str]) -> Mapping:
    """Return the mapping chosen in the form, right or wrong; the tick of a column that fills a field doesn't count."""
    columns: dict[str, tuple[int, ...]] = {}
    fixed: dict[str, str] = {}
    for column in COLUMNS:
        chosen = [post.get(f"column-{column.field}", ""), post.get(f"second-{column.field}", "")]
        if chosen[0] == FIXED:
            fixed[column.field] = post.get(f"fixed-{column.field}", "").replace("\x00", "").strip()
        elif indexes := _indexes(chosen):
            columns[column.field] = indexes
    mapping = Mapping(columns, fixed)
    keepable = set(mapping.keepable(headers))
    return replace(mapping, kept=tuple(index for index in _indexes(post.getlist("keep")) if index in keepable))


def _indexes(values: Iterable[str]) -> tuple[int, ...]:
    return tuple(int(value) for value in values if value.isascii() and value.isdecimal() and len(value) < 6)


class FormatForm(forms.Form):
    """How the file is read, as it was detected or as somebody wants it."""

    encoding = forms.ChoiceField(
        label=gettext_lazy("Character encoding"),
        choices=list(ENCODINGS.items()),
        help_text=gettext_lazy("Choose another one where letters such as ä or é look wrong below."),
    )
    delimiter = forms.ChoiceField(
        label=gettext_lazy("Columns are divided by"),
        choices=list(DELIMITERS.items()),
        help_text=gettext_lazy("Choose another one where everything stands in one column below."),
    )
    sheet = forms.ChoiceField(label=gettext_lazy("Sheet"), help_text=gettext_lazy("The one that holds the devices."))
    has_header = forms.BooleanField(
        label=gettext_lazy("The first line names the columns"),
        required=False,
        help_text=gettext_lazy("Otherwise the first line is a device, too."),
    )

    def __init__(self, file_format: FileFormat, data: QueryDict | None = None) -> None:
        super().__init__(data, initial=file_format.to_json(), prefix="format", label_suffix="")
        self.file_format = file_format
        if file_format.kind == "xlsx":
            del self.fields["encoding"], self.fields["delimiter"]
            self._offer("sheet", [(sheet, sheet) for sheet in file_format.sheets])
        else:
            del self.fields["sheet"]
            for name, current in (("encoding", file_format.encoding), ("delimiter", file_format.delimiter)):
                field = self.fields[name]
                choices = list(field.choices)  # type: ignore[attr-defined]
                if current not in dict(choices):  # set by the command line, or of a file with one column
                    choices.append((current, current or _("nothing: there is one column")))
                self._offer(name, choices)

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def chosen(self) -> FileFormat:
        """Return the format that a valid form asks for."""
        return replace(self.file_format, **self.cleaned_data)
