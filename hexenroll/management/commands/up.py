"""Runs the whole portal on this machine until it is stopped. Called by `make run` and by service managers."""

import secrets
import sys
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from hexenroll import ade_simulator
from hexenroll.obstacles import check_paths, check_port, check_servers, check_simulator_port, lock_data_folder
from hexenroll.processes import prepare_folders
from hexenroll.watch import Watch


class Command(BaseCommand):
    help = "Run everything on this machine: web, worker, clock and, unless REDIS_URL is set, the broker."

    def handle(self, *args: Any, **options: Any) -> None:
        check_paths()
        with lock_data_folder():
            check_port()
            check_simulator_port()
            try:
                prepare_folders()
            except OSError as error:
                raise CommandError(f"{settings.VALKEY_SOCKET.parent} can't be used: {error}") from error
            check_servers()
            self.say(f"hexenroll starts. Data: {settings.HEXENROLL_DATA}")
            call_command("migrate", verbosity=0, interactive=False)
            call_command("collectstatic", verbosity=0, interactive=False)
            self.greeting = self.create_first_administrator()
            connection.close()
            status = Watch(self.say, self.say_ready).run()
            if self.greeting:  # it never became ready: the password would be lost
                self.say(self.greeting)
        sys.exit(status)

    def say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()

    def say_ready(self) -> None:
        greeting, self.greeting = self.greeting, ""
        self.say(f"\nReady: {settings.PUBLIC_URL}/")
        if greeting:
            self.say(greeting)
        if settings.HEXENROLL_ADE_SIMULATOR:
            self.say(self.connect_demo_account())
        self.say(f"Logs: {settings.HEXENROLL_DATA / 'log'}\nStop: Ctrl-C\n")

    def connect_demo_account(self) -> str:
        """Connect an ADE account to the simulator of Apple's service; return what to tell about it."""
        try:
            account = ade_simulator.connect()
        except ade_simulator.DemoError as error:
            return f"Apple ADE is not simulated: {error}"
        finally:
            connection.close()
        return (
            f"Apple ADE is simulated: account “{account}”. Buy and release devices at {ade_simulator.base_url()}/, "
            "or connect an account of your own to it there."
        )

    def create_first_administrator(self) -> str:
        """Create `admin` where no administrator exists; return what to tell about it, "" if there is one."""
        if User.objects.filter(is_superuser=True).exists():
            return ""
        given = settings.HEXENROLL_ADMIN_PASSWORD
        password = given or secrets.token_urlsafe(12)
        User.objects.create_superuser("admin", password=password)
        if given:
            return "Sign in as: admin, with the password from HEXENROLL_ADMIN_PASSWORD"
        return (
            f"Sign in as: admin\nPassword:   {password}\n"
            "It is shown this once; `manage.py changepassword admin` sets another."
        )
