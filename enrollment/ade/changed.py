"""What has changed in a device that Apple tells of, against the row that is there? Called by pages.py, page by page.

Nothing is read or written here: the rows come with the page, and what is to be written stands in lists afterwards.
"""

from datetime import datetime
from typing import Any

from enrollment.models import AdeDevice

from .told import FACTS, Told

Approval, AssignState = AdeDevice.Approval, AdeDevice.AssignState


class Changes:
    """What is to be written, while the devices of a page are compared with the rows that are there.

    Attributes:
        written: new and changed rows, whole.
        unchanged: numbers of rows that are as Apple says.
        removed: numbers of rows that Apple lists no longer.
    """

    def __init__(self, mark: int | None) -> None:
        self.mark = mark
        self.written: list[dict[str, Any]] = []
        self.unchanged: list[int] = []
        self.removed: list[int] = []
        self.added = self.modified = 0

    def take(self, told: Told, row: dict[str, Any] | None) -> None:
        """Decide what becomes of a device.

        | Apple says      | no row  | row, listed                        | row, not listed           |
        |-----------------|---------|------------------------------------|---------------------------|
        | added, modified | added   | modified if it differs             | added; considered anew    |
        | deleted         | nothing | removed                            | nothing                   |

        A change that is older than what the row knows is none.
        """
        if row is not None and _is_older(told.op_date, row["op_date"]):
            return
        if told.is_deleted:
            if row is not None:
                self._note_date(told, row)
                if row["is_listed"]:
                    self.removed.append(row["id"])
            return
        if row is None or not row["is_listed"]:
            self._add(told, row)
        else:
            self._compare(told, row)

    def _add(self, told: Told, row: dict[str, Any] | None) -> None:
        self.added += 1
        former = row or {}
        approval = former.get("approval", Approval.WAITING)
        if approval in (Approval.WITHDRAWN, Approval.KEPT, Approval.UNSUPPORTED, Approval.UNUSABLE):
            approval = Approval.WAITING
        new = self._row(told, former, approval)
        # Its profile went with it (profiles.want_default).
        none = {"wanted_profile_id": former.get("wanted_profile_id"), "assign_state": AssignState.NONE.value}
        new |= {"is_listed": True, "removed_at": None, "assign_after": None, **none}
        self.written.append(new)

    def _compare(self, told: Told, row: dict[str, Any]) -> None:
        # Another platform is another device to us: what was said of the former one isn't said of this.
        is_other = told.platform_after(row["os"], row["platform"]) != row["platform"]
        new = self._row(told, row, Approval.WAITING if is_other else row["approval"])
        differs = any(new[name] != row[name] for name in (*FACTS, "platform"))
        self.modified += differs
        if differs or new["op_date"] != row["op_date"] or new["approval"] != row["approval"]:
            self.written.append(new)
        else:
            self.unchanged.append(row["id"])

    def _row(self, told: Told, former: dict[str, Any], approval: str) -> dict[str, Any]:
        """Return the row as it is to be; what Apple left out of what doesn't change stays."""
        new = {"has_made_device": False, **former, "serial_number": told.serial_number, **told.facts_after(former)}
        new["platform"] = told.platform_after(former.get("os", ""), former.get("platform", ""))
        new["op_date"] = told.op_date or former.get("op_date")
        new["seen_by"] = self.mark if self.mark is not None else former.get("seen_by")
        if approval == Approval.WAITING and not told.is_usable:
            approval = Approval.UNUSABLE
        elif approval == Approval.WAITING and not new["platform"]:
            approval = Approval.UNSUPPORTED
        new["approval"] = str(approval)
        return new

    def _note_date(self, told: Told, row: dict[str, Any]) -> None:
        if told.op_date is not None and told.op_date != row["op_date"]:
            self.written.append({**row, "op_date": told.op_date})


def _is_older(told: datetime | None, known: datetime | None) -> bool:
    return told is not None and known is not None and told < known
