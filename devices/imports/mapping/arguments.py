"""What do the arguments `--map FIELD=HEADER` of the command line make of a mapping?"""

from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _

from ..columns import BY_FIELD, COLUMNS, Column
from .field_mapping import Mapping
from .headers import header_key
from .suggestion import suggest


class MappingError(ValueError):
    """An argument of the command line doesn't name a field or a column; the text says which there are."""


def from_arguments(headers: Sequence[str], arguments: Iterable[str]) -> Mapping:
    """Return the suggested mapping, changed by arguments of the command line.

    Args:
        headers: the file's header row.
        arguments: `FIELD=HEADER`; `FIELD=HEADER+HEADER` for a field that two columns fill; `FIELD==VALUE` for one value
            in all rows; `FIELD=` for nothing.

    Raises:
        MappingError: no such field or column; its text lists the valid ones.
    """
    suggestion = suggest(headers).mapping
    columns, fixed = dict(suggestion.columns), dict(suggestion.fixed)
    for argument in arguments:
        if "\x00" in argument or argument.encode(errors="ignore").decode() != argument:
            raise MappingError(_("An argument of --map holds bytes that are no text in UTF-8."))
        name, equals, value = argument.partition("=")
        column = BY_FIELD.get(name.strip()) or next((c for c in COLUMNS if c.header == name.strip()), None)
        if not equals or column is None:
            known = ", ".join(c.field for c in COLUMNS)
            raise MappingError(
                _("“%(argument)s”: write FIELD=HEADER. The fields are: %(fields)s.")
                % {"argument": argument, "fields": known}
            )
        columns.pop(column.field, None)
        fixed.pop(column.field, None)
        if value.startswith("="):
            fixed[column.field] = value[1:]
        elif value:
            indexes = _named_columns(headers, value, column)
            columns = {other: used for other, used in columns.items() if not set(used) & set(indexes)}
            columns[column.field] = indexes
    return Mapping(columns, fixed)


def _named_columns(headers: Sequence[str], text: str, column: Column) -> tuple[int, ...]:
    """Return indexes of the columns that an argument names."""
    names = [text] if column.parts == 1 or text in headers else text.split("+", column.parts - 1)
    indexes = []
    for name in names:
        found = [index for index, header in enumerate(headers) if header.strip() == name.strip()]
        found = found or [index for index, header in enumerate(headers) if header_key(header) == header_key(name)]
        if len(found) != 1:
            problem = (
                _("Several columns are called “%(name)s”. The columns are: %(columns)s.")
                if found
                else _("The file has no column “%(name)s”. The columns are: %(columns)s.")
            )
            raise MappingError(problem % {"name": name, "columns": ", ".join(headers)})
        indexes += found
    return tuple(indexes)
