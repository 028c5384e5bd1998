"""What can be wrong with a cell or a line of a file, how bad is it, and what does the administrator do about it?

Asked by the check, which stores codes, and by every page, file and command that shows them. Free of models.
"""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class ProblemCode(TextChoices):
    """Codes of problems; each label is a message with the places of `message()`."""

    REQUIRED = "required", _("“%(column)s” is empty. Fill it in.")
    SURROUNDING_SPACE = "surrounding_space", _("“%(value)s” has spaces around it. Remove them.")
    UNKNOWN_CHOICE = (
        "unknown_choice",
        _("“%(value)s” is not known here. Write one of: %(detail)s. Upper and lower case matter."),
    )
    WINDOWS_NOT_SUPPORTED = (
        "windows_not_supported",
        _("Windows devices can't be pre-approved: they can't be matched by serial number. Remove the line."),
    )
    TOO_LONG = "too_long", _("This is longer than %(detail)s characters. Shorten it.")
    CONTROL_CHARACTER = (
        "control_character",
        _("There is an invisible control character in “%(value)s”. Type the value anew."),
    )
    INVISIBLE_CHARACTER = (
        "invisible_character",
        _("There is a character in “%(value)s” that can't be seen (%(detail)s). Make sure that it is meant."),
    )
    EMAIL_INVALID = (
        "email_invalid",
        _(
            "“%(value)s” is not an e-mail address. Write it like name@example.com: without spaces, and with no letters"
            " but a to z before the @."
        ),
    )
    FREE_MAIL = "free_mail", _("%(detail)s is a public mail service. Make sure that “%(value)s” belongs to your user.")
    PHONE_INVALID = "phone_invalid", _("“%(value)s” is not a phone number. Write it like +49 170 1234567.")
    PHONE_NO_COUNTRY = (
        "phone_no_country",
        _("“%(value)s” has no country code. Write it like +49 170 1234567, or set the domain's phone region."),
    )
    PHONE_LEADING_ZERO = (
        "phone_leading_zero",
        _(
            "A spreadsheet may have cut the first zero of “%(value)s”. "
            "It is read as %(detail)s: make sure that it is right."
        ),
    )
    EXCEL_NUMBER = (
        "excel_number",
        _(
            "A spreadsheet has turned this value into the number “%(value)s”; its digits are lost. "
            "Format the column as text, then type the value anew."
        ),
    )
    EXCEL_DATE = (
        "excel_date",
        _(
            "A spreadsheet has turned this value into the date or time “%(value)s”. "
            "Format the column as text, then type the value anew."
        ),
    )
    EXCEL_ERROR = (
        "excel_error",
        _("The cell holds the error “%(value)s” of a formula. Type the value in place of the formula."),
    )
    EXCEL_FORMULA = (
        "excel_formula",
        _(
            "The cell holds a formula, “%(value)s”, and not its result. "
            "Open the file in a spreadsheet and save it again, or type the value."
        ),
    )
    STORED_AS_NUMBER = (
        "stored_as_number",
        _("The spreadsheet holds “%(value)s” as a number: zeros in front would be lost. Make sure that it is right."),
    )
    JUNK_SERIAL = (
        "junk_serial",
        _("“%(value)s” is what devices without a serial number report. Look it up on the device."),
    )
    SERIAL_CHARACTERS = (
        "serial_characters",
        _("“%(value)s” has a character that no serial number has: %(detail)s. Type it anew."),
    )
    UNUSUAL_SERIAL = "unusual_serial", _("“%(value)s” is unusual for a serial number. Make sure that it is right.")
    DUPLICATE_SERIAL = (
        "duplicate_serial",
        _(
            "The serial number “%(value)s” is in this file more than once (also on line %(detail)s). "
            "Keep one of the lines."
        ),
    )
    CASE_DIFFERS = (
        "case_differs",
        _(
            "“%(value)s” differs from the serial number “%(detail)s” only by upper and lower case. "
            "They are two devices."
        ),
    )
    OTHER_DOMAIN = (
        "other_domain",
        _("The device “%(value)s” belongs to another domain. Remove the line, or import it into that domain."),
    )
    UNKNOWN_POLICY = "unknown_policy", _("There is no policy “%(value)s”. Create it first, or correct its name.")
    NEW_GROUP = "new_group", _("There is no device group “%(value)s”. It will be created.")
    GROUP_HAS_RULE = (
        "group_has_rule",
        _("The devices of the group “%(value)s” follow from its rule. The name is left out here."),
    )
    UNKNOWN_GROUP = (
        "unknown_group",
        _("There is no device group “%(value)s”. Correct its name, or let groups that don't exist be created."),
    )
    GROUP_FILLED_BY_RULE = (
        "group_filled_by_rule",
        _("The devices of the group “%(value)s” follow from its rule. Remove the line, or the group's rule."),
    )
    NAME_SEPARATOR = (
        "name_separator",
        _("“%(value)s” holds a semicolon, which stands between two names in files. Choose another name."),
    )
    UNKNOWN_DEVICE = (
        "unknown_device",
        _("There is no device with the serial number “%(value)s”. Correct it, or remove it."),
    )
    UNKNOWN_DEVICE_CASE = (
        "unknown_device_case",
        _(
            "There is no device with the serial number “%(value)s”, but one with “%(detail)s”. "
            "Upper and lower case matter."
        ),
    )
    AMBIGUOUS_SERIAL = (
        "ambiguous_serial",
        _(
            "Several devices have the serial number “%(value)s”. Write the platform in front of it, such as "
            "“%(detail)s”."
        ),
    )
    DESCRIPTIONS_DIFFER = (
        "descriptions_differ",
        _("The group “%(value)s” has another description on a line that follows. The last one counts."),
    )
    DESCRIPTION_STAYS = (
        "description_stays",
        _("The description of the group “%(value)s” stays: you may not change groups, only put your devices in."),
    )
    TOO_MANY_GROUPS = (
        "too_many_groups",
        _(
            "This file names more than %(detail)s different device groups. "
            "“%(value)s” is one too many: is the column right?"
        ),
    )
    EXTRA_CELLS = (
        "extra_cells",
        _(
            "This line has %(detail)s cells more than the header. "
            "Put values with a delimiter in quotes, or remove the cells."
        ),
    )
    SHORT_LINE = (
        "short_line",
        _("This line has %(detail)s cells fewer than the header. The missing ones count as empty."),
    )
    SEALED_PASSWORD = (
        "sealed_password",
        _("This sealed password comes from another portal, or was changed. Write a password, or leave the cell empty."),
    )
    ALREADY_ENROLLED = "already_enrolled", _("The device “%(value)s” is enrolled already. It stays as it is.")
    DEVICE_BLOCKED = "device_blocked", _("The device “%(value)s” is blocked. It stays as it is.")


# What a group of problems is called where no single value can be named.
TITLES = {
    ProblemCode.REQUIRED: _("Empty, but required"),
    ProblemCode.SURROUNDING_SPACE: _("Spaces around the value"),
    ProblemCode.UNKNOWN_CHOICE: _("Not one of the allowed values"),
    ProblemCode.WINDOWS_NOT_SUPPORTED: _("Windows can't be pre-approved"),
    ProblemCode.TOO_LONG: _("Too long"),
    ProblemCode.CONTROL_CHARACTER: _("Control characters"),
    ProblemCode.INVISIBLE_CHARACTER: _("Characters that can't be seen"),
    ProblemCode.EMAIL_INVALID: _("Not an e-mail address"),
    ProblemCode.FREE_MAIL: _("Address of a public mail service"),
    ProblemCode.PHONE_INVALID: _("Not a phone number"),
    ProblemCode.PHONE_NO_COUNTRY: _("Phone number without a country code"),
    ProblemCode.PHONE_LEADING_ZERO: _("Phone number that may have lost its first zero"),
    ProblemCode.EXCEL_NUMBER: _("Digits lost in a spreadsheet"),
    ProblemCode.EXCEL_DATE: _("Turned into a date by a spreadsheet"),
    ProblemCode.EXCEL_ERROR: _("Error of a formula"),
    ProblemCode.EXCEL_FORMULA: _("Formula without a result"),
    ProblemCode.STORED_AS_NUMBER: _("Stored as a number"),
    ProblemCode.JUNK_SERIAL: _("No real serial number"),
    ProblemCode.SERIAL_CHARACTERS: _("Characters that no serial number has"),
    ProblemCode.UNUSUAL_SERIAL: _("Unusual serial number"),
    ProblemCode.DUPLICATE_SERIAL: _("Serial number more than once in the file"),
    ProblemCode.CASE_DIFFERS: _("Differs from another serial number by case only"),
    ProblemCode.OTHER_DOMAIN: _("Device of another domain"),
    ProblemCode.UNKNOWN_POLICY: _("No such policy"),
    ProblemCode.NEW_GROUP: _("New device group"),
    ProblemCode.GROUP_HAS_RULE: _("Device group with a rule"),
    ProblemCode.UNKNOWN_GROUP: _("No such device group"),
    ProblemCode.GROUP_FILLED_BY_RULE: _("Device group with a rule"),
    ProblemCode.NAME_SEPARATOR: _("Semicolon in a name"),
    ProblemCode.UNKNOWN_DEVICE: _("No such device"),
    ProblemCode.UNKNOWN_DEVICE_CASE: _("No such device, but one that differs by case only"),
    ProblemCode.AMBIGUOUS_SERIAL: _("Serial number of several devices"),
    ProblemCode.DESCRIPTIONS_DIFFER: _("Several descriptions of one group"),
    ProblemCode.DESCRIPTION_STAYS: _("Description that stays"),
    ProblemCode.TOO_MANY_GROUPS: _("Too many new device groups"),
    ProblemCode.EXTRA_CELLS: _("More cells than the header"),
    ProblemCode.SHORT_LINE: _("Fewer cells than the header"),
    ProblemCode.SEALED_PASSWORD: _("Sealed password of another portal"),
    ProblemCode.ALREADY_ENROLLED: _("Enrolled already"),
    ProblemCode.DEVICE_BLOCKED: _("Blocked device"),
}

# Everything else is an error: it keeps its line out.
WARNINGS = frozenset(
    {
        ProblemCode.INVISIBLE_CHARACTER,
        ProblemCode.FREE_MAIL,
        ProblemCode.PHONE_LEADING_ZERO,
        ProblemCode.STORED_AS_NUMBER,
        ProblemCode.UNUSUAL_SERIAL,
        ProblemCode.CASE_DIFFERS,
        ProblemCode.NEW_GROUP,
        ProblemCode.GROUP_HAS_RULE,
        ProblemCode.DESCRIPTIONS_DIFFER,
        ProblemCode.DESCRIPTION_STAYS,
        ProblemCode.SHORT_LINE,
        ProblemCode.ALREADY_ENROLLED,
        ProblemCode.DEVICE_BLOCKED,
    }
)


def message(code: str, *, column: str = "", value: str = "", detail: str = "") -> str:
    """Say what is wrong and what to do about it, in the reader's language.

    Args:
        code: a `ProblemCode`.
        column: the column's header in the file.
        value: the cell's text, shortened; empty for a password.
        detail: what else the message names, such as the allowed values.
    """
    return str(ProblemCode(code).label) % {"column": column, "value": value, "detail": detail}


class CellProblem(ValueError):
    """One cell, or one line, is not as it should be.

    Attributes:
        code: what is wrong.
        value: the part of the cell that is meant; None: the whole cell.
        suggestion: the value that is probably meant; empty where nobody can tell.
        detail: what the message names besides the value.
    """

    def __init__(self, code: ProblemCode, *, value: str | None = None, suggestion: str = "", detail: str = "") -> None:
        super().__init__(code.value)
        self.code = code
        self.value = value
        self.suggestion = suggestion
        self.detail = detail

    @property
    def is_warning(self) -> bool:
        return self.code in WARNINGS
