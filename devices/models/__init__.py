"""What the portal remembers about devices, their users and groups, and about each import."""

from .bulk_action import BulkAction
from .device import Device
from .device_group import DeviceGroup
from .device_inventory import DeviceInventory
from .device_policy import DevicePolicy
from .device_user import DeviceUser
from .domain import Domain
from .domain_access import DomainAccessOfPerson, DomainAccessOfRole
from .group_import import GroupImport, GroupImportLine, GroupImportMember, GroupImportProblem
from .import_batch import ImportBatch
from .import_row import ImportProblem, ImportRow, ImportSnapshot
from .policy import Policy
from .policy_version import PolicyVersion
from .saved_view import SavedView

__all__ = [
    "BulkAction",
    "Device",
    "DeviceGroup",
    "DeviceInventory",
    "DevicePolicy",
    "DeviceUser",
    "Domain",
    "DomainAccessOfPerson",
    "DomainAccessOfRole",
    "GroupImport",
    "GroupImportLine",
    "GroupImportMember",
    "GroupImportProblem",
    "ImportBatch",
    "ImportProblem",
    "ImportRow",
    "ImportSnapshot",
    "Policy",
    "PolicyVersion",
    "SavedView",
]
