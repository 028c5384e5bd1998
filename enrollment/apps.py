"""Registers the app; lets its settings decide about approvals, which are given by the layer below."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EnrollmentConfig(AppConfig):
    name = "enrollment"
    verbose_name = _("Enrollment")

    def ready(self) -> None:
        from devices import approval
        from devices.imports.commit import import_committed

        from . import approval_rules, bulk_kinds
        from .ade import account_policies, default_user, listing_of_device
        from .approve_again import note_import

        bulk_kinds.register()
        account_policies.register()
        default_user.register()
        listing_of_device.register()
        approval.ENDS.append(approval_rules.end_of_approval)
        approval.EXCLUSIONS.append(approval_rules.excluded_platforms)
        import_committed.connect(note_import, dispatch_uid="enrollment.note_import")
