"""Plain pages of what devices are made of, one module a model. The import has pages of its own (wizard/)."""

from . import bulk_action, device, device_group, device_user, domain, import_batch, policy

__all__ = ["bulk_action", "device", "device_group", "device_user", "domain", "import_batch", "policy"]
