"""Who may open and change what, as tables in docs/. Writes them: python -m tests.hexenroll.access_table"""

import os
from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).parents[2] / "docs" / "access.md"
HEAD: Final = """# Every address, and who may open it

Made from `tests/hexenroll/access_rules.py` by `python -m tests.hexenroll.access_table`; a test walks through all of it.

`see`: it opens. `do`: it opens, and what stands there can be done. `–`: 403, or the sign-in for who isn't signed in.
`own`: about one's own account. `key`: by credentials of its own, whoever is signed in. “By key”: with an API key of
an account with the role; nobody's session counts there. Everything is within the domains
of a person: what is of another one is 404, for every role ([roles.md](roles.md)).
A stranger is signed in to the console and has no role.

"""
ROLES_PAGE: Final = PAGE.with_name("roles.md")
# Up to here the page is written by hand.
TABLE_BEGINS: Final = "<!-- The table is made by `python -m tests.hexenroll.access_table`. -->"
PEOPLE: Final = ("Nobody", "Stranger", "Help desk", "Auditor", "Enrollment operator", "Administrator")


def allows(needed: str, person: str) -> bool:
    """Tell whether one of PEOPLE has what a rule names."""
    from hexenroll.roles import ADMINISTRATOR, codes_of

    from .access_words import ANYONE, MACHINE, NOBODY, OWN, STAFF

    if needed in (ANYONE, MACHINE):
        return True
    if needed == NOBODY or person == "Nobody":
        return False
    if needed in (STAFF, OWN) or person == ADMINISTRATOR:
        return True
    codes = codes_of(person)
    # `a|b&c`: one of a and b, and c.
    return all(any(code in codes for code in part.split("|")) for part in needed.split("&"))


def cell(route: str, person: str) -> str:
    """Return what the table says of an address for one of PEOPLE."""
    from .access_rules import rule_of
    from .access_words import LOOKS, MACHINE, NOBODY, OWN

    rule = rule_of(route)
    if MACHINE in (rule.look, rule.do):
        return "key"
    sees = allows(rule.look, person)
    writes = [needed for needed in (rule.do, *rule.more.values()) if needed not in (NOBODY, LOOKS)]
    does = any(allows(needed, person) for needed in writes) and (sees or not rule.look)
    if OWN in (rule.look, rule.do):
        return "own" if sees or does else "–"
    return "do" if does else "see" if sees else "–"


def page() -> str:
    """Return the text of docs/access.md."""
    from .access_rules import rule_of
    from .addresses import routes

    lines = ["| Address | What | " + " | ".join(PEOPLE) + " |", "|---" * (2 + len(PEOPLE)) + "|"]
    for route in routes():
        cells = " | ".join(cell(route, person) for person in PEOPLE)
        address = "/" + route.replace("|", "\\|")
        lines.append(f"| `{address}` | {rule_of(route).what} | {cells} |")
    return HEAD + "\n".join(lines) + "\n"


def roles_page() -> str:
    """Return the text of docs/roles.md: what stands in it before the table, and the table of abilities."""
    from hexenroll.abilities import AREAS
    from hexenroll.roles import ADMINISTRATOR, BUILT_IN

    names = [name for name in BUILT_IN if name != ADMINISTRATOR]
    lines = ["| | " + " | ".join(names) + " |", "|---" * (1 + len(names)) + "|"]
    for title, abilities in AREAS:
        lines.append(f"| **{title}** |" + " |" * len(names))
        for ability in abilities:
            cells = " | ".join("yes" if name in ability.roles else "–" for name in names)
            lines.append(f"| {ability.label}{' *' if ability.needs_all_domains else ''} | {cells} |")
    written = ROLES_PAGE.read_text(encoding="utf-8").partition(TABLE_BEGINS)[0]
    return f"{written}{TABLE_BEGINS}\n\n" + "\n".join(lines) + "\n"


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hexenroll.settings")
    django.setup()
    PAGE.write_text(page(), encoding="utf-8")
    ROLES_PAGE.write_text(roles_page(), encoding="utf-8")
    print(f"Wrote {PAGE} and {ROLES_PAGE}.")
