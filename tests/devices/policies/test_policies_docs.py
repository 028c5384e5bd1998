"""Does docs/policies.md say of every setting what the schema says?"""

from pathlib import Path

import pytest

from devices.policies.help import EXAMPLES, Line, described_apps, described_settings

pytestmark = pytest.mark.once
DOCS = (Path(__file__).parents[3] / "docs" / "policies.md").read_text()


def row(line: Line) -> str:
    needed = " (needed)" if line.is_required else ""
    return f"| `{line.name}`{needed} | {line.meaning} | {line.rule} |"


@pytest.mark.parametrize("section", [section.name for section in described_settings()])
def test_every_section_stands_there_with_all_its_names(section: str) -> None:
    described = next(found for found in described_settings() if found.name == section)
    chapter = DOCS.split(f"### `{section}`\n", 1)[1].split("\n#", 1)[0]
    assert described.meaning in chapter
    listed = [text for text in chapter.splitlines() if text.startswith("| `")]
    assert listed == [row(line) for line in described.lines]


def test_apps_and_both_examples_stand_there() -> None:
    chapter = DOCS.split("## Apps\n", 1)[1].split("\n## ", 1)[0]
    assert [text for text in chapter.splitlines() if text.startswith("| `")] == [row(line) for line in described_apps()]
    assert EXAMPLES["settings"] in DOCS
    assert EXAMPLES["apps"] in DOCS
