"""Two administrators save one policy at the same moment: is each change a version of its own?"""

import pytest

from devices.models import Policy, PolicyVersion
from devices.policies import versions
from tests.faults.test_two_at_once import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_changes_at_once_are_two_versions() -> None:
    policy = Policy(name="Office")
    versions.save(policy, None)

    def change(number: int) -> bool:
        found = Policy.objects.get(pk=policy.pk)
        found.settings = {"custom": {"number": number}}
        return versions.save(found, None)

    assert at_once(*(lambda number=number: change(number) for number in range(4))) == [True] * 4
    found = list(PolicyVersion.objects.filter(policy=policy).order_by("version"))
    assert [version.version for version in found] == [1, 2, 3, 4, 5]
    assert {version.content["settings"]["custom"]["number"] for version in found[1:]} == {0, 1, 2, 3}
    now = Policy.objects.get()
    assert (now.version, now.settings) == (5, found[-1].content["settings"])
