"""Which names may a cell of device groups or policies hold? Free of models."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from devices.vocabulary import NAME_SEPARATOR

from ..problems import CellProblem, ProblemCode
from .cells import CellContext, CellWidget, neutralise


class ListWidget(CellWidget):
    """Names, with a separator between them."""

    # Of one name, as the models have it.
    NAME_LENGTH: ClassVar[int] = 200

    def is_plain(self, cells: Sequence[str], context: CellContext) -> bool:
        return False

    def clean_text(self, text: str, cell: str, context: CellContext) -> list[str]:
        names = list(dict.fromkeys(filter(None, (name.strip() for name in text.split(NAME_SEPARATOR)))))
        for name in names:
            if len(name) > self.NAME_LENGTH:
                raise CellProblem(ProblemCode.TOO_LONG, detail=str(self.NAME_LENGTH))
            self.clean_name(name, context)
        return names

    def clean_name(self, name: str, context: CellContext) -> None:
        """Check one name of the list.

        Raises:
            CellProblem: nothing has this name, and it can't be created.
        """

    def render(self, value: object, obj: object = None, **kwargs: object) -> str:
        names = value if isinstance(value, list | tuple) else ()
        return neutralise(NAME_SEPARATOR.join(str(name) for name in names))


class GroupsWidget(ListWidget):
    """Device groups; those that are not there yet are created with the devices."""

    # So many new names are no groups but a column that was mapped by mistake.
    MAX_NEW: ClassVar[int] = 1000

    def clean_name(self, name: str, context: CellContext) -> None:
        if name in context.groups or name in context.new_groups:
            return
        if len(context.new_groups) >= self.MAX_NEW:
            raise CellProblem(ProblemCode.TOO_MANY_GROUPS, value=name, detail=str(self.MAX_NEW))
        context.new_groups.add(name)

    def warnings(self, value: object, cell: str, context: CellContext) -> Iterable[CellProblem]:
        for name in value if isinstance(value, list) else ():
            if name in context.new_groups:
                yield CellProblem(ProblemCode.NEW_GROUP, value=name)
            elif name in context.ruled_groups:
                yield CellProblem(ProblemCode.GROUP_HAS_RULE, value=name)


class PoliciesWidget(ListWidget):
    """Policies, which have to be there already: an empty one would set up nothing."""

    def clean_name(self, name: str, context: CellContext) -> None:
        if name not in context.policies:
            near = {known.casefold(): known for known in context.policies}
            raise CellProblem(ProblemCode.UNKNOWN_POLICY, value=name, suggestion=near.get(name.casefold(), ""))
