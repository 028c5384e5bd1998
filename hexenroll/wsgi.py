"""The web application, as gunicorn serves it."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hexenroll.settings")

from hexenroll.request_body import WholeBody  # reads the settings

application = WholeBody(get_wsgi_application())
