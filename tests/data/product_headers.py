"""Header rows of other products' files, and what each must be mapped to: field -> headers."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class ProductHeader:
    """A product's header row and the mapping that it must get.

    Attributes:
        product: the product that must be recognised.
        header: the header row, as a CSV line.
        columns: field -> header of its column, two joined by " + ".
        fixed: field -> value for all rows.
        missing: required fields that the file can't fill.
        says: a part of the notes.
    """

    product: str | None
    header: str
    columns: dict[str, str]
    fixed: dict[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    says: str = ""


PRODUCT_HEADERS = [
    ProductHeader(
        None,
        "Name,Email,Ownership,Serial number,Platform,SAMAccountName,Mobile,Device name,Password,Groups,Policies,Status",
        {
            "name": "Name",
            "email": "Email",
            "ownership": "Ownership",
            "serial_number": "Serial number",
            "platform": "Platform",
            "sam_account_name": "SAMAccountName",
            "mobile": "Mobile",
            "device_name": "Device name",
            "password": "Password",
            "groups": "Groups",
            "policies": "Policies",
        },
    ),
    ProductHeader(
        "Hexnode",
        "Display Name,Email,Mobile,Ownership,Device Name,Serial Number,Platform,SAMAccountName,Password",
        {
            "name": "Display Name",
            "email": "Email",
            "ownership": "Ownership",
            "serial_number": "Serial Number",
            "platform": "Platform",
            "sam_account_name": "SAMAccountName",
            "mobile": "Mobile",
            "device_name": "Device Name",
            "password": "Password",
        },
    ),
    ProductHeader(
        "Windows Autopilot",
        "Device Serial Number,Windows Product ID,Hardware Hash,Group Tag,Assigned User",
        {"serial_number": "Device Serial Number", "email": "Assigned User", "groups": "Group Tag"},
        fixed={"platform": "windows"},
        missing=("name", "ownership"),
        says="Windows devices can't be pre-approved",
    ),
    ProductHeader(
        "Jamf Pro",
        "Serial Number,Device Type,Username,Full Name,Email Address,Phone Number,Position,Department,Building,Room,"
        "PO Number,PO Date,Warranty Expiration,AppleCare ID,Lease Expiration,Purchase Price,Life Expectancy,"
        "Purchasing Account,Purchasing Contact,Barcode 1,Barcode 2,Asset Tag,Vendor",
        {
            "serial_number": "Serial Number",
            "platform": "Device Type",
            "sam_account_name": "Username",
            "name": "Full Name",
            "email": "Email Address",
            "mobile": "Phone Number",
        },
        missing=("ownership",),
        says="write ios or tvos for each Mobile Device",
    ),
    ProductHeader(
        "Jamf School",
        "SerialNumber,Identification,AssetTag,AssignToUser",
        {"serial_number": "SerialNumber"},
        missing=("name", "email", "ownership", "platform"),
        says="names no users",
    ),
    ProductHeader(
        "Workspace ONE",
        "Username*,Password*,Security Type*,Email Address*,First Name*,Middle Name,Last Name*,Display Name,GroupID*,"
        "Phone Number,Mobile Phone Number,Device Friendly Name,Device Ownership(C/E/S/None),Device Model,"
        "Device Serial Number,Device Platform,Device UDID",
        {
            "sam_account_name": "Username*",
            "email": "Email Address*",
            "name": "Display Name",
            "mobile": "Mobile Phone Number",
            "device_name": "Device Friendly Name",
            "ownership": "Device Ownership(C/E/S/None)",
            "serial_number": "Device Serial Number",
            "platform": "Device Platform",
        },
        says="Passwords are those of the users' accounts there",
    ),
    ProductHeader(
        "Workspace ONE",
        "Username*,Email Address*,First Name*,Last Name*,GroupID*,Device Serial Number,Device Platform",
        {
            "sam_account_name": "Username*",
            "email": "Email Address*",
            "name": "First Name* + Last Name*",
            "serial_number": "Device Serial Number",
            "platform": "Device Platform",
        },
        missing=("ownership",),
    ),
    ProductHeader(
        "ManageEngine",
        "EMAIL_ADDRESS,PLATFORM_TYPE,OWNED_BY,GROUP_NAME,DOMAIN",
        {"email": "EMAIL_ADDRESS", "platform": "PLATFORM_TYPE", "ownership": "OWNED_BY", "groups": "GROUP_NAME"},
        missing=("name", "serial_number"),
        says="no serial numbers",
    ),
    ProductHeader(
        "N-able",
        "client_name,site_name,device_name,first_name,last_name,email_address,phone_number,send_sms (0/1),byod (0/1)",
        {
            "name": "first_name + last_name",
            "email": "email_address",
            "mobile": "phone_number",
            "device_name": "device_name",
        },
        missing=("ownership", "serial_number", "platform"),
        says="“byod” (0 or 1) can't be read as an ownership",
    ),
    ProductHeader(
        "Google Workspace",
        "Serial number,Asset Tag",
        {"serial_number": "Serial number"},
        missing=("name", "email", "ownership", "platform"),
    ),
    ProductHeader(
        "Apple Business Manager",
        "serialNumber,deviceModel,productFamily,partNumber,orderNumber,color,status,imei",
        {"serial_number": "serialNumber", "platform": "productFamily"},
        missing=("name", "email", "ownership"),
    ),
    ProductHeader(
        None,
        "Vorname;Nachname;E-Mail-Adresse;Eigentum;Seriennummer;Plattform;Mobilnummer;Gerätename;Gruppen;Richtlinien",
        {
            "name": "Vorname + Nachname",
            "email": "E-Mail-Adresse",
            "ownership": "Eigentum",
            "serial_number": "Seriennummer",
            "platform": "Plattform",
            "mobile": "Mobilnummer",
            "device_name": "Gerätename",
            "groups": "Gruppen",
            "policies": "Richtlinien",
        },
    ),
    ProductHeader(
        None,
        "full_name,e-mail,OWNER,S/N,os,Mobile phone,Hostname,login",
        {
            "name": "full_name",
            "email": "e-mail",
            "ownership": "OWNER",
            "serial_number": "S/N",
            "platform": "os",
            "mobile": "Mobile phone",
            "device_name": "Hostname",
            "sam_account_name": "login",
        },
    ),
]
