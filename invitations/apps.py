"""Registers the app with Django."""

from django.apps import AppConfig


class InvitationsConfig(AppConfig):
    name = "invitations"
