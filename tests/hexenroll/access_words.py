"""What is said of each address in access_rules.py and access_api.py, and in which words?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

# Instead of permissions.
ANYONE: Final = "anyone"  # without signing in
STAFF: Final = "staff"  # whoever is signed in
OWN: Final = "own"  # whoever is signed in, about their own account; what it changes is theirs
MACHINE: Final = "machine"  # devices and providers, by credentials of their own
NOBODY: Final = ""  # it isn't offered
# Of a POST: it looks things up, as GET does, and changes nothing.
LOOKS: Final = "looks"


@dataclass(frozen=True)
class Rule:
    """Who may do what at an address.

    Attributes:
        look: what GET needs: a permission, several with `&`, one of several with `|`; or one of the words above.
        do: the same for POST, which needs `look` besides; LOOKS: as GET.
        what: what is there, for docs/access.md.
        places: what stands in the places of the address that are no numbers.
        more: the same as `do` for other methods, such as DELETE.
    """

    look: str
    do: str = NOBODY
    what: str = ""
    places: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, str] = field(default_factory=dict)

    def methods(self) -> dict[str, str]:
        """Return what each method needs that isn't a look."""
        return {"POST": self.look if self.do == LOOKS else self.do, **self.more}
