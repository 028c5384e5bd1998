"""Registers the app with Django."""

from django.apps import AppConfig


class EnrollmentConfig(AppConfig):
    name = "enrollment"
