"""Fills a portal with made-up people, devices and imports, to look around in. Called by `make demo-data`."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from devices.models import Device, ImportBatch
from hexenroll import demo
from invitations.models import Invitation


class Command(BaseCommand):
    help = "Fill an empty portal with made-up people, devices and imports, to look around in."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--force", action="store_true", help="put them beside the data that the portal holds")

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", verbosity=0, interactive=False)
        if demo.is_seeded():
            self.stdout.write(f"The demo is in this portal already ({settings.HEXENROLL_DATA}). Nothing was changed.")
            return
        if demo.holds_data() and not options["force"]:
            raise CommandError(
                f"This portal ({settings.HEXENROLL_DATA}) holds data already. The demo is for an empty one: "
                "set HEXENROLL_DATA to a new folder (and DATABASE_URL, where it is set, to a new database). "
                "--force puts the demo beside the data; nothing takes it out again."
            )
        demo.seed()
        self.stdout.write(
            f"Made {Device.objects.count()} devices, {ImportBatch.objects.count()} imports and "
            f"{Invitation.objects.count()} invitations. Start with: make run"
        )
