"""Every setting of hexenroll, from the environment alone, with defaults that work on a laptop.

Each variable is also read from the file that NAME_FILE names. What is wrong is shown by checks.py.
"""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy

from hexenroll.accounts.sso_settings import NO_RULES, NOBODY, providers, role_rules, second_step
from hexenroll.environment import Environment, socket_path
from hexenroll.mail_settings import MAILBOX, anymail_settings, mail_domain, mail_provider, mail_server

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment()

# --- the data folder: everything that hexenroll writes --------------------------------------------
HEXENROLL_DATA = Path(env.text("HEXENROLL_DATA", str(BASE_DIR / "var"))).expanduser().absolute()
env.folders(HEXENROLL_DATA, *(HEXENROLL_DATA / name for name in ("imports", "log", "run", "static", "tmp")))
SECRET_KEY = env.secret("SECRET_KEY", HEXENROLL_DATA / "secret_key")
SALT_KEY = env.secret("SALT_KEY", HEXENROLL_DATA / "salt_key")  # encrypts the secrets in the database
HEXENROLL_ADMIN_PASSWORD = env.text("HEXENROLL_ADMIN_PASSWORD")  # of the first administrator; read by `up`
DEBUG = env.switch("HEXENROLL_DEBUG", False)

# --- where it is reached --------------------------------------------------------------------------
HEXENROLL_LISTEN = env.text("HEXENROLL_LISTEN", "127.0.0.1")  # the address that the web server binds
PORT = env.number("PORT", 8000, 1, 65_535)
PUBLIC_URL = env.origin("PUBLIC_URL", f"http://127.0.0.1:{PORT}")
_public = urlsplit(PUBLIC_URL)
_is_https = _public.scheme == "https"
ALLOWED_HOSTS = [*(env.words("ALLOWED_HOSTS") or [_public.hostname or ""]), "127.0.0.1", "localhost", "[::1]"]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL, *env.words("CSRF_TRUSTED_ORIGINS")]
# The proxies whose X-Forwarded-For and X-Forwarded-Proto count; gunicorn's own name for it (web.py).
TRUSTED_PROXIES = env.networks("FORWARDED_ALLOW_IPS", "127.0.0.1,::1")
ROOT_URLCONF = "hexenroll.urls"
WSGI_APPLICATION = "hexenroll.wsgi.application"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = LOGOUT_REDIRECT_URL = reverse_lazy("admin:index")

# --- database -------------------------------------------------------------------------------------
_database_url = env.url(
    "DATABASE_URL", f"sqlite:///{HEXENROLL_DATA}/db.sqlite3", ("sqlite", "postgres", "postgresql", "psql")
)
DATABASES: dict[str, dict[str, Any]] = {"default": environ.Env.db_url_config(_database_url)}
_database = DATABASES["default"]
# A new connection for every request halves the rate; persistent ones are as good as a pool (DESIGN.md).
_database["CONN_MAX_AGE"] = 600
_database["CONN_HEALTH_CHECKS"] = True
if _database["ENGINE"] == "django.db.backends.sqlite3":
    _database["OPTIONS"] = {
        "timeout": 20,
        # WAL alone fails with "database is locked" when a reader becomes a writer; IMMEDIATE queues them.
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
    }
else:
    # Off in Django unless set; with it a SELECT takes three quarters of the time.
    _database["OPTIONS"] = {"prepare_threshold": 5, **_database.get("OPTIONS", {})}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- broker and cache -----------------------------------------------------------------------------
VALKEY_SOCKET = socket_path(HEXENROLL_DATA)  # of the Valkey that `up` runs when REDIS_URL is not set
REDIS_URL = env.url("REDIS_URL", "", ("redis", "rediss", "unix"))
VALKEY_IS_EMBEDDED = not REDIS_URL
REDIS_URL = REDIS_URL or f"unix://{VALKEY_SOCKET}"
CACHES = {
    "default": {
        "BACKEND": "hexenroll.accounts.forgetful_cache.ForgetfulCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "hexenroll-cache",
        "OPTIONS": {"socket_timeout": 5},  # seconds; one that hangs is one that is down
    }
}
CELERY_BROKER_URL = f"redis+socket{REDIS_URL.removeprefix('unix')}" if REDIS_URL.startswith("unix") else REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "global_keyprefix": "hexenroll-queue:",
    # Above the longest task: a task that is still running when it passes is delivered a second time. What a killed
    # worker had in hand comes back sooner, from its rows (rescue-imports).
    "visibility_timeout": 3_600,
    # Look for such tasks every five seconds, each time (by default every tenth time).
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    # Who tells a worker something tries twice within a tenth of a second: what waits is found by the clock.
    "max_retries": 1,
    "interval_start": 0.1,
    # Seconds. Without it a page waits for a broker that takes connections and answers nothing until it does.
    "socket_timeout": 10,
    "socket_connect_timeout": 10,
}
# At least once: a task is acknowledged when it is done, so a killed worker loses none. State lives in rows.
CELERY_TASK_ACKS_LATE = True
CELERY_IMPORTS = ["hexenroll.accounts.tasks"]  # beside those of the apps
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_BEAT_SCHEDULE_FILENAME = str(HEXENROLL_DATA / "run" / "beat-schedule")
# Without it Celery closes the database connection after every task, whatever CONN_MAX_AGE says.
CELERY_DB_REUSE_MAX = 1_000

# --- the import's limits --------------------------------------------------------------------------
HEXENROLL_IMPORT_MAX_ROWS = env.number("HEXENROLL_IMPORT_MAX_ROWS", 2_000_000, 1, 100_000_000)
HEXENROLL_IMPORT_MAX_BYTES = env.number("HEXENROLL_IMPORT_MAX_BYTES", 256 * 2**20, 1_024, 2**40)
HEXENROLL_IMPORT_MAX_COLUMNS = env.number("HEXENROLL_IMPORT_MAX_COLUMNS", 200, 5, 16_384)
HEXENROLL_IMPORT_MAX_CELL = env.number("HEXENROLL_IMPORT_MAX_CELL", 10_000, 255, 10_000_000)  # characters
# Of a file of groups, whose cell may name 50,000 devices with platform and serial number.
HEXENROLL_GROUP_IMPORT_MAX_CELL = env.number("HEXENROLL_GROUP_IMPORT_MAX_CELL", 4_000_000, 255, 100_000_000)
HEXENROLL_IMPORT_MAX_XLSX_BYTES = env.number("HEXENROLL_IMPORT_MAX_XLSX_BYTES", 2**30, 1_024, 2**40)  # unpacked
HEXENROLL_IMPORT_KEEP_DAYS = env.number("HEXENROLL_IMPORT_KEEP_DAYS", 90, 1, 36_500)
HEXENROLL_BULK_ACTIONS_KEEP_DAYS = env.number("HEXENROLL_BULK_ACTIONS_KEEP_DAYS", 90, 1, 36_500)  # once they are over
IMPORT_EXPORT_ESCAPE_ILLEGAL_CHARS_ON_EXPORT = True  # control characters, which no workbook can hold
HEXENROLL_PHONE_REGION = env.region("HEXENROLL_PHONE_REGION")  # of numbers without +; "": there is none
PHONENUMBER_DEFAULT_REGION = HEXENROLL_PHONE_REGION or None
PHONENUMBER_DB_FORMAT = "E164"
IMPORT_ROOT = HEXENROLL_DATA / "imports"  # uploaded files: no URL serves them
FILE_UPLOAD_TEMP_DIR = str(HEXENROLL_DATA / "tmp")
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
# The mapping form has several fields for each column of a file.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1_000 + 10 * HEXENROLL_IMPORT_MAX_COLUMNS

# --- mail -----------------------------------------------------------------------------------------
HEXENROLL_EMAIL_TIMEOUT = env.number("HEXENROLL_EMAIL_TIMEOUT", 20, 1, 120)  # seconds, for each answer
_mail_server = env.parsed("EMAIL_URL", mail_server, MAILBOX)
EMAIL_PROVIDER = mail_provider(env)  # of anymail; "": by EMAIL_URL
EMAIL_URL_BACKEND = _mail_server.backend
EMAIL_BACKEND = f"anymail.backends.{EMAIL_PROVIDER}.EmailBackend" if EMAIL_PROVIDER else EMAIL_URL_BACKEND
EMAIL_HOST, EMAIL_PORT = _mail_server.host, _mail_server.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail_server.user, _mail_server.password
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail_server.starts_tls, _mail_server.is_tls
EMAIL_FILE_PATH = _mail_server.folder or None
EMAIL_TIMEOUT = HEXENROLL_EMAIL_TIMEOUT
# Not every provider knows tags or an own Message-ID: a mail without them is better than none.
ANYMAIL = {"REQUESTS_TIMEOUT": EMAIL_TIMEOUT, "IGNORE_UNSUPPORTED_FEATURES": True, **anymail_settings(env)}
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", f"hexenroll@{mail_domain(_public.hostname)}")

# --- SMS ------------------------------------------------------------------------------------------
SMS_PROVIDER = env.text("SMS_PROVIDER").lower()  # twilio, apprise, file, console; "": the development mailbox
TWILIO_ACCOUNT_SID = env.text("TWILIO_ACCOUNT_SID")
TWILIO_AUTH_TOKEN = env.text("TWILIO_AUTH_TOKEN")  # checks Twilio's callbacks, too
TWILIO_API_KEY_SID = env.text("TWILIO_API_KEY_SID")  # signs in instead of the token
TWILIO_API_KEY_SECRET = env.text("TWILIO_API_KEY_SECRET")
TWILIO_FROM = env.text("TWILIO_FROM")
TWILIO_MESSAGING_SERVICE_SID = env.text("TWILIO_MESSAGING_SERVICE_SID")
TWILIO_BASE_URL = env.url("TWILIO_BASE_URL", "https://api.twilio.com", ("https", "http")).rstrip("/")
APPRISE_URL = env.text("APPRISE_URL")
HEXENROLL_SMS_TIMEOUT = env.number("HEXENROLL_SMS_TIMEOUT", 10, 1, 300)  # seconds

# --- invitations ----------------------------------------------------------------------------------
HEXENROLL_ORGANISATION = env.text("HEXENROLL_ORGANISATION")  # as device users know it; "": the portal's host name
HEXENROLL_INVITATION_DAYS = env.number("HEXENROLL_INVITATION_DAYS", 7, 1, 365)  # how long an invitation is valid
HEXENROLL_REMIND_AFTER_DAYS = env.number("HEXENROLL_REMIND_AFTER_DAYS", 0, 0, 365)  # 0: no reminders
HEXENROLL_REMIND_AT_MOST = env.number("HEXENROLL_REMIND_AT_MOST", 2, 1, 10)
HEXENROLL_SEND_ATTEMPTS = env.number("HEXENROLL_SEND_ATTEMPTS", 10, 1, 100)  # then a message has failed
# Messages a second and workers at once, for each channel. 0: as fast as the provider takes them.
HEXENROLL_EMAIL_RATE = env.number("HEXENROLL_EMAIL_RATE", 0, 0, 100_000)
HEXENROLL_EMAIL_CONCURRENCY = env.number("HEXENROLL_EMAIL_CONCURRENCY", 2, 1, 64)
HEXENROLL_SMS_RATE = env.number("HEXENROLL_SMS_RATE", 10, 0, 100_000)
HEXENROLL_SMS_CONCURRENCY = env.number("HEXENROLL_SMS_CONCURRENCY", 1, 1, 64)

# --- Apple ADE ------------------------------------------------------------------------------------
# Minutes between two syncs of an ADE account that the clock begins; once a week it is a full one.
HEXENROLL_ADE_SYNC_MINUTES = env.number("HEXENROLL_ADE_SYNC_MINUTES", 30, 5, 1_440)
HEXENROLL_ADE_SIMULATOR = env.switch("HEXENROLL_ADE_SIMULATOR", False)  # to look around without Apple
HEXENROLL_ADE_SIMULATOR_PORT = env.number("HEXENROLL_ADE_SIMULATOR_PORT", 8089, 1, 65_535)

# --- the endpoint that devices hit ----------------------------------------------------------------
# Requests a minute. Thousands of devices of one office may come from one address.
HEXENROLL_ENROLL_RATE_BY_ADDRESS = env.number("HEXENROLL_ENROLL_RATE_BY_ADDRESS", 6_000, 1, 1_000_000)
HEXENROLL_ENROLL_RATE_BY_SERIAL = env.number("HEXENROLL_ENROLL_RATE_BY_SERIAL", 20, 1, 1_000_000)
# Wrong credentials from one address; then it waits a quarter of an hour.
HEXENROLL_ENROLL_WRONG_BY_ADDRESS = env.number("HEXENROLL_ENROLL_WRONG_BY_ADDRESS", 50, 1, 1_000_000)
HEXENROLL_ATTEMPTS_KEEP_DAYS = env.number("HEXENROLL_ATTEMPTS_KEEP_DAYS", 90, 1, 36_500)
HEXENROLL_ATTEMPTS_MAX_ROWS = env.number("HEXENROLL_ATTEMPTS_MAX_ROWS", 1_000_000, 1_000, 1_000_000_000)
HEXENROLL_CONFLICTS_MAX_ROWS = env.number("HEXENROLL_CONFLICTS_MAX_ROWS", 10_000, 100, 1_000_000)

# --- dashboard and reports ------------------------------------------------------------------------
HEXENROLL_STALE_DAYS = env.number("HEXENROLL_STALE_DAYS", 30, 1, 3_650)  # then an approval nobody used is stale
HEXENROLL_REPORT_MAIL_MAX_BYTES = env.number("HEXENROLL_REPORT_MAIL_MAX_BYTES", 8 * 2**20, 1_024, 2**27)

# --- sign-in (docs/sign-in.md) ---------------------------------------------------------------------
HEXENROLL_PASSWORD_SIGN_IN = env.switch("HEXENROLL_PASSWORD_SIGN_IN", True)
HEXENROLL_REQUIRE_MFA = env.parsed("HEXENROLL_REQUIRE_MFA", second_step, NOBODY)
HEXENROLL_SESSION_HOURS = env.number("HEXENROLL_SESSION_HOURS", 12, 1, 720)  # then one signs in again
HEXENROLL_SESSION_IDLE_MINUTES = env.number("HEXENROLL_SESSION_IDLE_MINUTES", 60, 5, 43_200)
HEXENROLL_SSO_ROLES = env.parsed("HEXENROLL_SSO_ROLES", role_rules, NO_RULES)
HEXENROLL_OIDC_URL = env.url("HEXENROLL_OIDC_URL", "", ("https", "http"))
HEXENROLL_OIDC_CLIENT_ID = env.text("HEXENROLL_OIDC_CLIENT_ID")
HEXENROLL_OIDC_CLIENT_SECRET = env.text("HEXENROLL_OIDC_CLIENT_SECRET")
SOCIALACCOUNT_PROVIDERS = providers(env, PUBLIC_URL)
# Since the last sign-in at the identity provider, which alone says what somebody may: then API keys wait for the next.
HEXENROLL_SSO_KEY_DAYS = env.number("HEXENROLL_SSO_KEY_DAYS", 30, 1, 3_650)

# --- the administrators' API ----------------------------------------------------------------------
HEXENROLL_API_RATE_BY_KEY = env.number("HEXENROLL_API_RATE_BY_KEY", 600, 1, 1_000_000)  # requests a minute
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["hexenroll.api_keys.authentication.ApiKeyAuthentication"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "devices.api.errors.answer_error",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "hexenroll, for administrators",
    "DESCRIPTION": "What the console can do, for programs: docs/rest-api.md. Devices have an API of their own.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PUBLIC": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "hexenroll.api_description.complete",
    ],
    "ENUM_NAME_OVERRIDES": {
        "DevicePlatform": "devices.vocabulary.Platform",
        "DeviceStatus": "devices.models.Device.Status",
        "ImportState": "devices.models.ImportBatch.State",
        "ImportChannel": "devices.vocabulary.Channel",
        "Duplicates": "devices.vocabulary.Duplicates",
        "InvitationState": "invitations.models.Invitation.State",
        "InvitationChannel": "invitations.models.Invitation.Channel",
        "SendingState": "invitations.models.Sending.State",
        "SendingChannel": "invitations.models.Sending.Channel",
        "AttemptReason": "enrollment.reasons.Reason",
        "LeaveReason": "enrollment.disenroll.LeaveReason",
    },
}

# --- what it is made of ---------------------------------------------------------------------------
INSTALLED_APPS = [
    "unfold",  # before django.contrib.admin, whose templates it replaces
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.import_export",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "import_export",
    "phonenumber_field",
    "django_filters",
    "rest_framework",
    "drf_spectacular",
    "guardian",
    "auditlog",
    "axes",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",  # which of the two there is, SOCIALACCOUNT_PROVIDERS says
    "allauth.socialaccount.providers.saml",
    "anymail",
    "devices",
    "invitations",
    "enrollment",
    "hexenroll",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "hexenroll.audit.who.ActingMiddleware",
    "hexenroll.short_way.ShortWayMiddleware",  # devices go no further
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "hexenroll.accounts.session_age.SessionAgeMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "hexenroll.accounts.second_step.SecondStepMiddleware",
    "hexenroll.accounts.preferences.PreferencesMiddleware",
    "hexenroll.request_body.RequestBodyMiddleware",
    "axes.middleware.AxesMiddleware",  # last: it turns a locked-out sign-in into its answer
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "hexenroll.accounts.frame.frame",
            ],
        },
    }
]
STATIC_URL = "/static/"
STATIC_ROOT = HEXENROLL_DATA / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# --- language and time ----------------------------------------------------------------------------
TIME_ZONE = "UTC"
USE_TZ = True
LANGUAGE_CODE = "en"
LANGUAGES = [
    ("en", "English"),
    ("de", "Deutsch"),
]  # a language joins with its whole catalogue (tests/hexenroll/test_german.py)
# Each app has its own catalogue; hexenroll's holds the texts of templates/, too. The theme comes without German.
LOCALE_PATHS = [BASE_DIR / "hexenroll" / "locale", BASE_DIR / "hexenroll" / "locale_of_unfold"]

# --- security -------------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = [
    "devices.domain_limits.DomainLimits",  # first: what it takes away, nobody gives
    "axes.backends.AxesStandaloneBackend",
    "hexenroll.accounts.people.PeopleBackend",
    "guardian.backends.ObjectPermissionBackend",  # who may work in which domain (devices/scope.py)
]
ANONYMOUS_USER_NAME = None  # guardian: nobody who isn't signed in may anything
GUARDIAN_MONKEY_PATCH_USER = False
AUDITLOG_LOGENTRY_MODEL = "hexenroll.AuditEntry"
# Its own table, which nobody uses, would stay in the way of emptying the database: it refers to other tables.
MIGRATION_MODULES = {"auditlog": None}
HEXENROLL_AUDIT_KEEP_DAYS = env.number("HEXENROLL_AUDIT_KEEP_DAYS", 730, 1, 36_500)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in (
        ("UserAttributeSimilarityValidator", {}),
        ("MinimumLengthValidator", {"min_length": 10}),
        ("CommonPasswordValidator", {}),
        ("NumericPasswordValidator", {}),
    )
]
PASSWORD_RESET_TIMEOUT = 86_400  # seconds: how long a link to set a password is good
SESSION_COOKIE_AGE = HEXENROLL_SESSION_HOURS * 3_600
ACCOUNT_ADAPTER = "hexenroll.accounts.sign_in.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]  # allauth wants to know; nobody signs up
ACCOUNT_EMAIL_VERIFICATION = SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_FORMS = {"reset_password": "hexenroll.accounts.sign_in.PasswordLinkForm"}
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "django.contrib.auth.tokens.PasswordResetTokenGenerator"  # noqa: S105 - a class
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600  # seconds: whoever signed in that long ago is asked again before what matters
ACCOUNT_SESSION_REMEMBER = True  # until SESSION_COOKIE_AGE: nobody is asked
ACCOUNT_DEFAULT_HTTP_PROTOCOL = _public.scheme
# What limits guesses is django-axes, below: it needs no cache, and the sign-in works while Valkey is down.
ACCOUNT_RATE_LIMITS = {"login": None, "login_failed": None, "reauthenticate": None}
MFA_RATE_LIMITS = {"webauthn_login": None}  # nothing to guess; an office shares an address
MFA_ADAPTER = "hexenroll.accounts.second_step.SecondStepAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True  # administrators make accounts: none was ever signed up for by somebody else
MFA_TOTP_TOLERANCE = 1  # a code is good half a minute longer
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_FORMS = {
    "authenticate": "hexenroll.accounts.lockout.CodeForm",
    "reauthenticate": "hexenroll.accounts.lockout.CodeAgainForm",
}
SOCIALACCOUNT_ADAPTER = "hexenroll.accounts.sso.SingleSignOnAdapter"
# A link, not a form: browsers hold the redirect of a form against the CSP's form-action.
SOCIALACCOUNT_LOGIN_ON_GET = True
SOCIALACCOUNT_REQUESTS_TIMEOUT = 10  # seconds
# Ten wrong passwords for one name from one address: that pair waits a quarter of an hour.
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25
AXES_CLIENT_IP_CALLABLE = "enrollment.client_address.limited_address"  # behind a proxy; of IPv6 the subnet
# What comes while a pair waits is refused unseen: it makes the wait no longer, and no row larger.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_USERNAME_CALLABLE = "hexenroll.accounts.lockout.locked_name"
AXES_LOCKOUT_CALLABLE = "hexenroll.accounts.lockout.locked_out"
AXES_SENSITIVE_PARAMETERS = ["password", "oldpassword", "code", "credential"]
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
# The admin's library (unfold with Alpine) needs eval and inline styles; nothing comes from another host.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, UNSAFE_EVAL],
        "style-src": [SELF, UNSAFE_INLINE],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = _is_https
CSRF_FAILURE_VIEW = "hexenroll.error_pages.form_expired"
SECURE_HSTS_SECONDS = 31_536_000 if _is_https else 0
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]  # probes come from the machine itself, without TLS
# Sub-domains and browsers' preload lists are the organisation's decision, not this program's.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

# --- log ------------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "hexenroll.masked_log.MaskedFormatter",  # links of invitations are keys
            "format": "%(asctime)s %(levelname)s %(name)s: %(message)s",
        }
    },
    "filters": {"refused requests": {"()": "hexenroll.masked_log.RefusedRequests"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["refused requests"]},
    },
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.server": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        # One line for each 404 and 403 says nothing that the access log doesn't.
        "django.request": {"level": "ERROR"},
        "axes": {"level": "WARNING"},
    },
}

# --- how the console looks ------------------------------------------------------------------------
UNFOLD = {
    "SITE_TITLE": "hexenroll",
    "SITE_HEADER": "hexenroll",
    "SITE_SYMBOL": "devices",
    # Links on the dark background: unfold's own shade has too little contrast there (WCAG 1.4.3).
    "COLORS": {"primary": {"500": "oklch(71.4% .203 305.504)"}},
    "SITE_URL": None,  # there is no other site to return to
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("favicon.svg")},
    ],
    "STYLES": [lambda request: static("console.css")],
    "SCRIPTS": [lambda request: static("console.js")],
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_HISTORY": False,  # the audit log says more: templates/admin/change_form_object_tools.html
    "SHOW_BACK_BUTTON": True,
    "ACCOUNT": {
        "navigation": [
            {"title": gettext_lazy("Preferences"), "link": reverse_lazy("account_preferences")},
            {"title": gettext_lazy("Second step"), "link": reverse_lazy("mfa_index")},
            {"title": gettext_lazy("Sessions"), "link": reverse_lazy("usersessions_list")},
            {"title": gettext_lazy("Change password"), "link": reverse_lazy("account_change_password")},
        ]
    },
    "DASHBOARD_CALLBACK": "hexenroll.dashboard.page.dashboard",
    "SIDEBAR": {
        "show_search": True,
        "show_all_applications": False,
        "navigation": "hexenroll.sidebar.sidebar",
    },
}

UNKNOWN_SETTINGS = env.unknown_names()
KNOWN_SETTINGS = sorted(env.names)
SETTINGS_PROBLEMS = env.problems
