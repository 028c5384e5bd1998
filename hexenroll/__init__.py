"""The wiring: settings, the HTTP surface, the clock, the admin site. What it joins knows nothing of it."""

from hexenroll.celery import app as celery_app

__all__ = ["celery_app"]
