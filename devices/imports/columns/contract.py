"""Which columns does a CSV of devices have, what are they called, and what may stand in them?

The contract, as data: check, mapping form, sample file, export and the table in README are made from it or
asserted against it. Free of models.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from devices.vocabulary import Ownership, Platform

from .assigned_names import GroupsWidget, PoliciesWidget
from .cells import (
    CellWidget,
    ChoiceWidget,
    NameWidget,
    PasswordWidget,
    PlatformWidget,
    neutralise,
)
from .contacts import EmailWidget, PhoneWidget
from .serial_numbers import SerialWidget


@dataclass(frozen=True)
class Column:
    """A field that a column of the file can fill.

    Attributes:
        field: its name in code, in a mapping and in the database's staging table.
        header: the exact header.
        label: its name on a page.
        help_text: the rule, for people.
        attribute: where the value of a device comes from, in Django's notation.
        widget: the rule, for one cell.
        aliases: other exact headers.
        is_required: no row without it.
        can_be_fixed: one value can be given for all rows.
        parts: number of columns that can fill it together, joined by a space.
        examples: values of the sample file, one a row.
    """

    field: str
    header: str
    label: Promise
    help_text: Promise
    attribute: str
    widget: CellWidget
    aliases: tuple[str, ...] = ()
    is_required: bool = False
    can_be_fixed: bool = True
    parts: int = 1
    examples: tuple[str, ...] = ()


OWNERSHIP_MEANT = {
    "c": "corporate", "company": "corporate", "companyowned": "corporate", "corporateowned": "corporate",
    "cope": "corporate", "corp": "corporate", "business": "corporate", "organization": "corporate",
    "firma": "corporate",
    "e": "personal", "employee": "personal", "employeeowned": "personal", "byod": "personal", "private": "personal",
    "personallyowned": "personal", "privat": "personal",
}  # fmt: skip
PLATFORM_MEANT = {
    "ipados": "ios", "ipad": "ios", "iphone": "ios", "iphoneos": "ios", "mac": "macos", "osx": "macos",
    "macosx": "macos", "computer": "macos", "macbook": "macos", "appletv": "tvos", "androidos": "android",
    "gnu/linux": "linux", "ubuntu": "linux", "debian": "linux",
}  # fmt: skip

COLUMNS: tuple[Column, ...] = (
    Column(
        field="name",
        header="Name",
        aliases=("Display Name",),
        label=_("Name"),
        help_text=_("Device user's name. First and last name may stand in two columns."),
        attribute="user__name",
        widget=NameWidget(max_length=200),
        is_required=True,
        parts=2,
        examples=("Ada Lovelace", "Alan Turing"),
    ),
    Column(
        field="email",
        header="Email",
        label=_("Email"),
        help_text=_("Device user's e-mail address. Rows with the same address belong to the same user."),
        attribute="user__email",
        widget=EmailWidget(max_length=254),
        is_required=True,
        examples=("ada@example.com", "alan@example.com"),
    ),
    Column(
        field="ownership",
        header="Ownership",
        label=_("Ownership"),
        help_text=_("personal or corporate, in lower case."),
        attribute="ownership",
        widget=ChoiceWidget(Ownership.values, OWNERSHIP_MEANT),
        is_required=True,
        examples=("corporate", "personal"),
    ),
    Column(
        field="serial_number",
        header="Serial number",
        label=_("Serial number"),
        help_text=_("Must equal the device's own; upper and lower case matter."),
        attribute="serial_number",
        widget=SerialWidget(max_length=64),
        is_required=True,
        can_be_fixed=False,
        examples=("C02XK1ZZJGH5", "R58N30ABCDE"),
    ),
    Column(
        field="platform",
        header="Platform",
        label=_("Platform"),
        help_text=_("android, ios, macos, linux or tvos, in lower case."),
        attribute="platform",
        widget=PlatformWidget(Platform.values, PLATFORM_MEANT),
        is_required=True,
        examples=("macos", "android"),
    ),
    Column(
        field="sam_account_name",
        header="SAMAccountName",
        label=_("SAMAccountName"),
        help_text=_("Login name in Active Directory."),
        attribute="user__sam_account_name",
        widget=CellWidget(max_length=256),
        examples=("alovelace", ""),
    ),
    Column(
        field="mobile",
        header="Mobile",
        label=_("Mobile"),
        help_text=_("Phone number with country code, needed for SMS."),
        attribute="user__mobile",
        widget=PhoneWidget(max_length=128),
        examples=("+49 170 1234567", ""),
    ),
    Column(
        field="device_name",
        header="Device name",
        label=_("Device name"),
        help_text=_("Shown in the portal."),
        attribute="name",
        widget=NameWidget(max_length=200),
        examples=("Ada's MacBook", ""),
    ),
    Column(
        field="password",
        header="Password",
        label=_("Password"),
        help_text=_(
            "One-time password for the enrollment, at most 128 characters; generated when empty. Never exported."
        ),
        attribute="",
        widget=PasswordWidget(max_length=128),
        can_be_fixed=False,
    ),
    Column(
        field="groups",
        header="Groups",
        label=_("Groups"),
        help_text=_("Device groups, separated by semicolons. New ones are created."),
        attribute="groups",
        widget=GroupsWidget(max_length=10_000),
        examples=("Sales;Berlin", ""),
    ),
    Column(
        field="policies",
        header="Policies",
        label=_("Policies"),
        help_text=_("Names of policies, separated by semicolons. They must exist."),
        attribute="policies",
        widget=PoliciesWidget(max_length=10_000),
    ),
)
# Columns that hexenroll adds to its own files for people to read, and leaves out when such a file comes back: in front
# of a file of bad rows, and in an export of devices.
BAD_ROW_HEADERS = ("line", "reason")
STATUS_HEADER = "Status"
BY_FIELD: dict[str, Column] = {column.field: column for column in COLUMNS}


def sample_rows() -> Iterable[list[str]]:
    """Return the sample file: the header row and one row for each example, ready to be imported."""
    yield [column.header for column in COLUMNS]
    for number in range(max(len(column.examples) for column in COLUMNS)):
        yield [neutralise(column.examples[number]) if column.examples else "" for column in COLUMNS]
