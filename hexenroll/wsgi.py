"""The web application, as gunicorn serves it."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hexenroll.settings")
django_application = get_wsgi_application()

from hexenroll.request_body import WholeBody  # noqa: E402 - it needs the models, which are there only now

application = WholeBody(django_application)
