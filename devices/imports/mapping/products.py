"""How do other products, and other people, call our fields?

Data for the mapping. Keys are those of `headers.header_key`: no case, no spaces, no signs. Sources: the products'
import templates and documentation. Free of models.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# Field -> keys of headers that mean it, in English and German.
SYNONYMS: dict[str, frozenset[str]] = {
    "name": frozenset(
        {
            "fullname", "user", "userdisplayname", "userfullname", "employee", "employeename", "realname", "person",
            "anzeigename", "vollständigername", "vollername", "mitarbeiter", "mitarbeitername", "nutzer", "benutzer",
        }
    ),
    "email": frozenset(
        {
            "emailaddress", "mail", "mailaddress", "useremail", "useremailaddress", "primaryemail", "workemail",
            "emailid", "emailadresse", "mailadresse", "epost", "epostadresse",
        }
    ),
    "ownership": frozenset(
        {
            "owner", "ownedby", "ownertype", "ownershiptype", "deviceownership", "deviceowner", "eigentum",
            "eigentümer", "besitz", "besitzer", "besitzart", "eigentumsart", "eigentumsverhältnis",
        }
    ),
    "serial_number": frozenset(
        {
            "serial", "sn", "serialno", "serialnr", "deviceserial", "deviceserialnumber", "deviceserialno", "devicesn",
            "hardwareserial", "hardwareserialnumber", "seriennummer", "seriennr", "serienno", "geräteseriennummer",
            "serialnummer",
        }
    ),
    "platform": frozenset(
        {
            "os", "operatingsystem", "ostype", "osname", "deviceplatform", "platformtype", "deviceos", "plattform",
            "betriebssystem", "geräteplattform",
        }
    ),
    "sam_account_name": frozenset(
        {
            "samaccount", "sam", "username", "login", "loginname", "logonname", "userlogin", "accountname", "adlogin",
            "adusername", "benutzername", "anmeldename", "benutzerkonto",
        }
    ),
    "mobile": frozenset(
        {
            "mobilenumber", "mobilephone", "mobilephonenumber", "mobileno", "phone", "phonenumber", "phoneno",
            "telephone", "telephonenumber", "cell", "cellphone", "cellnumber", "cellphonenumber", "msisdn",
            "mobilnummer",
            "mobiltelefon", "mobil", "handy", "handynummer", "telefon", "telefonnummer", "rufnummer",
            "mobilfunknummer",
        }
    ),
    "device_name": frozenset(
        {
            "device", "devicefriendlyname", "friendlyname", "hostname", "computername", "machinename", "gerätename",
            "geraetename", "gerät", "gerätebezeichnung", "rechnername", "computer",
        }
    ),
    "password": frozenset(
        {
            "onetimepassword", "otp", "enrollmentpassword", "enrolmentpassword", "passcode", "passwort", "kennwort",
            "einmalpasswort", "einmalkennwort",
        }
    ),
    "groups": frozenset(
        {"group", "devicegroup", "devicegroups", "groupname", "gruppe", "gruppen", "gerätegruppe", "gerätegruppen"}
    ),
    "policies": frozenset({"policy", "policyname", "policynames", "richtlinie", "richtlinien"}),
}  # fmt: skip
FIRST_NAMES = frozenset({"firstname", "givenname", "forename", "vorname", "userfirstname"})
LAST_NAMES = frozenset({"lastname", "surname", "familyname", "nachname", "familienname", "userlastname"})


@dataclass(frozen=True)
class Product:
    """A product whose files are recognised by their header row.

    Attributes:
        label: the product's name for people.
        needs: keys that must all be there.
        hints: further keys of its files, of which `hints_needed` must be there.
        columns: field -> keys of the columns that fill it; the first found counts, a tuple of two fills it with both.
        fixed: field -> value that holds for every device of the product.
        left_out: keys of columns that must not fill a field, though their names match.
        notes: what people should know.
        width: the number of columns, where it is part of the shape.
    """

    label: str
    needs: frozenset[str]
    columns: Mapping[str, Sequence[str | tuple[str, str]]]
    hints: frozenset[str] = frozenset()
    hints_needed: int = 0
    fixed: Mapping[str, str] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()
    notes: tuple[Promise, ...] = ()
    width: int | None = None

    def has_made(self, keys: Sequence[str]) -> bool:
        """Tell whether a header row, as keys, is one of this product's."""
        return (
            self.needs.issubset(keys)
            and len(self.hints.intersection(keys)) >= self.hints_needed
            and (self.width is None or self.width == len(keys))
        )


INTUNE = "Microsoft Intune"
_NO_OWNERSHIP = _("The file doesn't tell the ownership. Choose one for all rows, or add a column.")
_NO_PLATFORM = _("The file doesn't tell the platform. Choose one for all rows, or add a column.")
_NO_USERS = _("The file names no users. Add their names and e-mail addresses, or give one for all rows.")
_NO_SERIALS = _("The file has no serial numbers; devices are pre-approved by them. Add a column “Serial number”.")

# The first that fits counts: the more particular ones stand first.
PRODUCTS: tuple[Product, ...] = (
    Product(
        label="Windows Autopilot",
        needs=frozenset({"deviceserialnumber", "hardwarehash"}),
        columns={"serial_number": ["deviceserialnumber"], "email": ["assigneduser"], "groups": ["grouptag"]},
        fixed={"platform": "windows"},
        notes=(
            _(
                "All devices of this file run Windows. Windows devices can't be pre-approved, "
                "because they can't be matched by their serial number: every row will be refused."
            ),
        ),
    ),
    Product(
        label="Jamf Pro",
        needs=frozenset({"serialnumber", "devicetype"}),
        hints=frozenset(
            {"username", "fullname", "emailaddress", "phonenumber", "position", "department", "building", "room",
             "assettag", "vendor", "ponumber", "podate", "barcode1", "applecareid"}
        ),
        hints_needed=3,
        columns={
            "name": ["fullname"], "email": ["emailaddress"], "serial_number": ["serialnumber"],
            "platform": ["devicetype"], "sam_account_name": ["username"], "mobile": ["phonenumber"],
        },
        notes=(
            _(
                "“Device Type” tells computers from mobile devices only. The check offers macos for Computer; "
                "write ios or tvos for each Mobile Device."
            ),
            _NO_OWNERSHIP,
        ),
    ),
    Product(
        label="Jamf School",
        needs=frozenset({"serialnumber"}),
        hints=frozenset({"identification", "assigntouser"}),
        hints_needed=1,
        columns={"serial_number": ["serialnumber"]},
        notes=(_NO_USERS, _NO_OWNERSHIP, _NO_PLATFORM),
    ),
    Product(
        label="Workspace ONE",
        needs=frozenset({"username"}),
        hints=frozenset({"groupid", "devicefriendlyname", "deviceownership", "deviceserialnumber", "deviceplatform"}),
        hints_needed=2,
        columns={
            "name": [("firstname", "lastname"), "displayname"], "email": ["emailaddress"],
            "ownership": ["deviceownership"],
            "serial_number": ["deviceserialnumber"], "platform": ["deviceplatform"], "sam_account_name": ["username"],
            "mobile": ["mobilephonenumber", "phonenumber", "mobilephone"], "device_name": ["devicefriendlyname"],
        },
        left_out=frozenset({"password"}),
        notes=(
            _("Passwords are those of the users' accounts there, so they are left out; one-time passwords are made."),
            _("Shared devices (S) have no counterpart here: write personal or corporate."),
        ),
    ),
    Product(
        label="ManageEngine",
        needs=frozenset({"emailaddress", "platformtype", "ownedby"}),
        columns={
            "email": ["emailaddress"], "ownership": ["ownedby"], "platform": ["platformtype"], "groups": ["groupname"],
            "serial_number": ["serialnumber"], "device_name": ["devicename"],
        },
        notes=(_NO_SERIALS,),
    ),
    Product(
        label="N-able",
        needs=frozenset({"clientname", "sitename", "emailaddress"}),
        hints=frozenset({"devicename", "firstname", "lastname", "phonenumber", "sendsms", "byod"}),
        hints_needed=3,
        columns={
            "name": [("firstname", "lastname")], "email": ["emailaddress"], "mobile": ["phonenumber"],
            "device_name": ["devicename"], "serial_number": ["serialnumber"],
        },
        notes=(
            _NO_SERIALS,
            _("“byod” (0 or 1) can't be read as an ownership: choose one for all rows, or write the words."),
            _NO_PLATFORM,
        ),
    ),
    Product(
        label="Apple Business Manager",
        needs=frozenset({"serialnumber"}),
        hints=frozenset({"devicemodel", "productfamily", "partnumber", "ordernumber", "imei"}),
        hints_needed=2,
        columns={"serial_number": ["serialnumber"], "platform": ["productfamily"]},
        notes=(_NO_USERS, _NO_OWNERSHIP),
    ),
    Product(
        label="Hexnode",
        needs=frozenset({"email", "ownership", "serialnumber", "platform"}),
        hints=frozenset({"name", "displayname"}),
        hints_needed=1,
        columns={
            "name": ["name", "displayname"], "email": ["email"], "ownership": ["ownership"], "mobile": ["mobile"],
            "serial_number": ["serialnumber"], "platform": ["platform"], "sam_account_name": ["samaccountname"],
            "device_name": ["devicename"], "password": ["password"],
        },
    ),
    Product(
        label="Google Workspace",
        needs=frozenset({"assettag"}),
        columns={"serial_number": ["serialnumber", "serial", "serialno", "deviceserialnumber", "deviceid"]},
        notes=(_NO_USERS, _NO_OWNERSHIP, _NO_PLATFORM),
        width=2,
    ),
)  # fmt: skip
