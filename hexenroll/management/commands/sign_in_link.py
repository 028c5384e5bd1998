"""Prints a link that signs an administrator in once, for whoever has lost every other way (docs/sign-in.md)."""

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from hexenroll.accounts.second_step import remove_second_step
from hexenroll.accounts.sign_in_link import MINUTES, sign_in_link


class Command(BaseCommand):
    help = f"Print a link that signs somebody in: once, within {MINUTES} minutes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="user name")
        parser.add_argument(
            "--remove-second-step",
            action="store_true",
            help="remove their authenticator app, passkeys and recovery codes, too: for who has lost them",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        person = User.objects.filter(username=options["name"], is_active=True).first()
        if person is None:
            names = User.objects.filter(is_active=True, is_staff=True).order_by("username")
            known = ", ".join(names.values_list("username", flat=True)[:20])
            raise CommandError(f"Nobody who may sign in is called {options['name']}. There are: {known or 'none'}.")
        if options["remove_second_step"]:
            remove_second_step(person)
        self.stdout.write(sign_in_link(person))
