"""Settings in topic order. Every default works on one machine without any server to install.

What a `#:` says of a variable is what docs/settings.md says (`make settings`).
"""

from datetime import timedelta
from pathlib import Path

from django.utils.csp import CSP

from config import environment

BASE_DIR = Path(__file__).resolve().parent.parent
#: A folder for everything that Hearth keeps: the database, files, the secret key, backups. Default: `var` in
#: Hearth's own folder
DATA_DIR = environment.folder("DATA_DIR", BASE_DIR / "var")
#: `compact`, `plain`, or a folder of templates and static files that stand in for those of Hearth: [a
#: theme](templates.md#a-theme-a-folder-of-your-own). Default: `theme` in `DATA_DIR`, if it is there
THEME = environment.theme("HEARTH_THEME", DATA_DIR / "theme", BASE_DIR / "config" / "themes")
FOLDERS = [THEME, BASE_DIR] if THEME else [BASE_DIR]
INCOMING_DIR = DATA_DIR / "incoming"  # what is being sent
EXPORTS_DIR = DATA_DIR / "exports"  # what people download of their data

# How it is reached
#: Show errors in the browser, and read templates, styles and scripts anew on each request. Never where
#: others can reach Hearth
DEBUG = environment.flag("DEBUG", False)
#: Signs sessions. Default: made on the first run, in `DATA_DIR/secret_key`
SECRET_KEY = environment.secret_key(DATA_DIR)
#: Earlier keys, separated by commas: what they signed stays valid while the key is changed
SECRET_KEY_FALLBACKS = environment.words("SECRET_KEY_FALLBACKS", [])
#: Names under which Hearth can be reached, separated by commas
ALLOWED_HOSTS = environment.words("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
#: Full origins, such as `https://chat.example`, separated by commas, if a proxy changes the host
CSRF_TRUSTED_ORIGINS = environment.words("CSRF_TRUSTED_ORIGINS", [])
#: Browsers reach Hearth by https, through a proxy: cookies and pages are then sent encrypted only
HTTPS = environment.flag("HTTPS", False)
#: Addresses or networks of proxies, separated by commas. Only they are believed when they say where a
#: request comes from, and whether it came by https. Default: none; this machine with `HTTPS=1`
TRUSTED_PROXIES = environment.networks("TRUSTED_PROXIES", ["127.0.0.1", "::1"] if HTTPS else [])
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds()) if HTTPS else 0
# Browsers accept such cookies only from this very host, and only encrypted.
COOKIE_PREFIX = "__Host-" if HTTPS else ""
# Whether names below this one are encrypted, too, is not for one of its servers to say.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

# How it looks, without any template
#: The name of this Hearth, at most 40 characters: [without any template](templates.md#without-any-template)
SITE_NAME = environment.line("SITE_NAME", "Hearth", most=40)
#: A line below the login
SITE_LINE = environment.line("SITE_LINE", "", most=300)
#: A colour for the light theme and one for the dark, such as `#066456 #00b892`
SITE_ACCENT = environment.accent("SITE_ACCENT")
#: What is behind messages: `doodles`, `dots` or `none`
SITE_PATTERN = environment.one_of("SITE_PATTERN", ["DOODLES", "DOTS", "NONE"], "DOODLES").lower()
#: A picture that stands before the name: a file of SVG, PNG or WebP of at most 256 KiB
SITE_LOGO = environment.picture("SITE_LOGO")
#: The same for the tab of the browser
SITE_ICON = environment.picture("SITE_ICON")

# What it is made of
INSTALLED_APPS = [
    "config",
    "accounts",
    "rooms",
    "accounts.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.forms",
    "django_htmx",
]
MIDDLEWARE = [
    "config.middleware.known_address",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.middleware.Compression",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.middleware.browser_language",
    "config.middleware.private_pages",
    "config.middleware.worded_failures",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "config.middleware.whole_bodies",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accounts.middleware.LoginRequiredMiddleware",
    "accounts.middleware.WordedLimits",
    "accounts.middleware.noted_sessions",
    "accounts.middleware.known_reader",
    "accounts.middleware.time_zone",
]
ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATE_LOADERS = [
    "config.templates.Loader",
    "django.template.loaders.app_directories.Loader",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [folder / "templates" for folder in FOLDERS],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "config.context_processors.reader",
                "config.context_processors.site",
                # For the admin.
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            # Kept in memory, except while somebody edits them.
            "loaders": TEMPLATE_LOADERS if DEBUG else [("config.templates.CachedLoader", TEMPLATE_LOADERS)],
        },
    }
]
FORM_RENDERER = "config.forms.Renderer"

# Where it keeps things
#: Seconds that a request waits for the database, or for a lock, before it is answered with a sentence
DATABASE_TIMEOUT = environment.seconds("DATABASE_TIMEOUT", 5)
DATABASES = {
    #: A PostgreSQL to use instead of SQLite: `postgresql://user:password@host/name`, or
    #: `postgresql:///name?host=/run/postgresql` for a socket. Options of libpq, such as `sslmode=require`,
    #: follow a `?`. Default: SQLite in `DATA_DIR`
    "default": environment.postgresql("DATABASE_URL", DATABASE_TIMEOUT)
    or {
        "ENGINE": "config.sqlite",
        "NAME": DATA_DIR / "hearth.sqlite3",
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            # A transaction that reads before it writes would fail at once, without waiting, if it began
            # deferred.
            "transaction_mode": "IMMEDIATE",
            "timeout": DATABASE_TIMEOUT.total_seconds(),
            # FULL: a message that was answered with success survives a power cut.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        },
        # A file, since streams read from threads of their own, which a database in memory would lock.
        "TEST": {"NAME": DATA_DIR / "test.sqlite3"},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
#: How many processes there are, for the advice that `check --deploy` gives
WEB_CONCURRENCY = environment.count("WEB_CONCURRENCY", 1)  # processes; uvicorn's name for it
#: A Redis that carries bells between processes: `redis://host:6379/0`, `rediss://…` with TLS, or
#: `unix:///run/redis.sock`. Default: none; bells stay in their process
CHANNEL_LAYERS = {"default": environment.channel_layer("REDIS_URL", SECRET_KEY)}
#: For how many days [nightly backups](operating.md#backups) are kept; `0` for none
BACKUP_DAYS = environment.count("BACKUP_DAYS", 0, least=0)
TASKS = {"default": {"BACKEND": "rooms.jobs.DatabaseBackend"}}
#: Whether the processes that serve also work off [jobs](operating.md#jobs); with `0`, only `manage.py work`
#: does
JOBS_IN_SERVER = environment.flag("JOBS_IN_SERVER", True)

# Accounts and sessions
#: [Who gets in](security.md#who-gets-in): `open`, by a name alone, from any browser; `claimed`, where a name
#: belongs to the browser that takes it first; `closed`, with a password, and accounts come by invitation
ENTERING = environment.one_of("ENTERING", ["OPEN", "CLAIMED", "CLOSED"], "OPEN").lower()
AUTH_USER_MODEL = "accounts.User"
PASSWORD_HASHERS = [
    "accounts.hashers.Argon2Hasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",  # of passwords set earlier
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "rooms:lobby"
LOGOUT_REDIRECT_URL = "accounts:login"
SESSION_ENGINE = "accounts.session_store"
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}hearth_session"
SESSION_COOKIE_AGE = int(timedelta(days=14).total_seconds())
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}hearth_csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "config.errors.csrf_failure"

# How often something may be done
#: How often something may be done: at most so often at once, and then evenly so often in that time, such as
#: `10/3m` (`s`, `m`, `h`, `d`), or `off`. [security.md](security.md#how-often) says what each is for
LIMITS = {
    "password_per_name": environment.rate("LIMIT_PASSWORD_PER_NAME", "10/10m"),  # wrong ones
    "password_per_address": environment.rate("LIMIT_PASSWORD_PER_ADDRESS", "50/10m"),
    "login_per_address": environment.rate(
        "LIMIT_LOGIN_PER_ADDRESS", "300/10m"
    ),  # whether it comes to one or not
    "new_name_per_address": environment.rate("LIMIT_NEW_NAME_PER_ADDRESS", "60/10m"),
    "room_per_user": environment.rate("LIMIT_ROOM_PER_USER", "10/1d"),
    "chat_per_user": environment.rate("LIMIT_CHAT_PER_USER", "60/1h"),  # private ones that are begun
    "join_per_user": environment.rate("LIMIT_JOIN_PER_USER", "120/10m"),  # and leaving
    "read_per_user": environment.rate("LIMIT_READ_PER_USER", "600/1m"),
    "invitation_per_user": environment.rate("LIMIT_INVITATION_PER_USER", "100/1h"),
    "moderation_per_user": environment.rate("LIMIT_MODERATION_PER_USER", "200/10m"),
    "post_per_user": environment.rate("LIMIT_POST_PER_USER", "600/1m"),
    "post_per_address": environment.rate("LIMIT_POST_PER_ADDRESS", "3000/1m"),
    "edit_per_user": environment.rate("LIMIT_EDIT_PER_USER", "60/10m"),
    "react_per_user": environment.rate("LIMIT_REACT_PER_USER", "120/10m"),
    "upload_per_user": environment.rate("LIMIT_UPLOAD_PER_USER", "20/10m"),
    "file_per_user": environment.rate("LIMIT_FILE_PER_USER", "300/10m"),
    "profile_per_user": environment.rate("LIMIT_PROFILE_PER_USER", "60/10m"),
    "settings_per_user": environment.rate("LIMIT_SETTINGS_PER_USER", "60/10m"),
    "report_per_user": environment.rate("LIMIT_REPORT_PER_USER", "20/1h"),
    "block_per_user": environment.rate("LIMIT_BLOCK_PER_USER", "60/10m"),
    "draft_per_user": environment.rate("LIMIT_DRAFT_PER_USER", "120/1m"),
    "find_per_user": environment.rate("LIMIT_FIND_PER_USER", "120/1m"),
    "search_per_user": environment.rate("LIMIT_SEARCH_PER_USER", "60/1m"),
    "preview_per_user": environment.rate("LIMIT_PREVIEW_PER_USER", "120/1m"),
    "gallery_per_user": environment.rate("LIMIT_GALLERY_PER_USER", "600/1m"),
    "export_per_user": environment.rate("LIMIT_EXPORT_PER_USER", "5/1d"),
    "typing_per_user": environment.rate("LIMIT_TYPING_PER_USER", "60/10s"),
}
#: Rooms that one person may own, not counting archived ones
ROOMS_PER_OWNER = environment.count("ROOMS_PER_OWNER", 20)
#: Where there are at most so many open rooms, and so many people (below), everybody finds all of them in the
#: list of chats. In a larger house the list has only what its reader is in
SMALL_HOUSE_ROOMS = environment.count("SMALL_HOUSE_ROOMS", 50, least=0)
#: The same for people
SMALL_HOUSE_PEOPLE = environment.count("SMALL_HOUSE_PEOPLE", 50, least=0)
#: Whether visiting an open room joins it: `yes`; `no`, so that people look at it first and find Join in the
#: place of the message box; or `auto`, which is `yes` in a small house (above) and `no` in a larger one
JOIN_BY_VISIT = environment.one_of("JOIN_BY_VISIT", ["AUTO", "YES", "NO"], "AUTO").lower()
#: Streams that one person may have open at the same time, in one process
STREAMS_PER_USER = environment.count("STREAMS_PER_USER", 100)
#: The same for one address
STREAMS_PER_ADDRESS = environment.count("STREAMS_PER_ADDRESS", 500)
#: Seconds that the head of a request may take, that a connection may be idle, and that a body may take
#: before it has to arrive at 8 KiB a second
SENDER_PATIENCE = environment.seconds("SENDER_PATIENCE", 20)
#: Connections from one address whose request has not arrived as a whole. If there are more, those that have
#: waited longest are closed. Streams do not count, nor do `TRUSTED_PROXIES`
UNFINISHED_PER_ADDRESS = environment.count("UNFINISHED_PER_ADDRESS", 256)
#: Addresses or networks that are not limited by address, or `none`. Behind a proxy that is not trusted, this
#: machine's own stands for everybody
UNLIMITED_ADDRESSES = environment.networks("UNLIMITED_ADDRESSES", ["127.0.0.0/8", "::1"])

# What is kept for a while
#: Days for which the address that somebody used is kept, so that [raids can be
#: undone](security.md#raids-that-staff-undo); `0` for none
ADDRESS_DAYS = environment.count("ADDRESS_DAYS", 7, least=0)

# Language and time
LANGUAGE_CODE = "en"  # where a browser wants none of the others
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGES = [("en", "English"), ("de", "Deutsch")]  # under their own names
FORMAT_MODULE_PATH = "config.formats"
TIME_ZONE = "UTC"
USE_TZ = True
URLIZE_ASSUME_HTTPS = True

# Static files
STATIC_URL = "static/"
#: A folder in which the static files have been collected already, as in an image. With a theme or a look of
#: its own, Hearth collects them in `DATA_DIR` all the same
STATIC_DIR = environment.optional_folder("STATIC_DIR")
IS_ADAPTED = bool(THEME or SITE_ACCENT or SITE_LOGO or SITE_ICON) or SITE_PATTERN != "doodles"
STATIC_ROOT = DATA_DIR / "static" if IS_ADAPTED or not STATIC_DIR else STATIC_DIR
STATICFILES_DIRS = [static for folder in FOLDERS if (static := folder / "static").is_dir()]
STATICFILES_FINDERS = [
    "config.bundle.BundleFinder",
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # What people send. No address leads there: a view asks each time who may have it.
    "files": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": DATA_DIR / "files",
            "file_permissions_mode": 0o640,
            "directory_permissions_mode": 0o750,
        },
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "config.bundle.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG

# What browsers are told
SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF],
    "media-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "frame-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
    # Text becomes HTML only where static/js/trusted-types.js lets htmx do that, and never a script.
    "require-trusted-types-for": ["'script'"],
    "trusted-types": ["hearth"],
}
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# Logs: one line each
LOG_LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "filters": {"database": {"()": "config.database.WithoutTrace"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line"},
        "nowhere": {"class": "logging.NullHandler"},
    },
    #: `DEBUG`, `INFO`, `WARNING`, `ERROR` or `CRITICAL`
    "root": {"handlers": ["console"], "level": environment.one_of("LOG_LEVEL", LOG_LEVELS, "INFO")},
    "loggers": {
        "django": {"handlers": [], "propagate": True},
        # A refused request is an answer, not a fault: 4xx stay out of the log.
        "django.request": {"level": "ERROR", "filters": ["database"]},
        "django.security": {"level": "CRITICAL"},
        "daphne": {"level": "WARNING"},
        # A stack trace each second while Redis is away; the relay says it in one line.
        "channels_redis": {"handlers": ["nowhere"], "propagate": False},
    },
}

# Hearth's own
EVENTSTREAM_CHANNELMANAGER_CLASS = "rooms.live.wire.channels.ChannelManager"
MESSAGE_MAX_LENGTH = 4000  # code points, after line ends are made one character
# A larger body is refused before it is read. The longest message has 48,000 bytes in a form.
REQUEST_MAX_BYTES = DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024
UPLOADS_AT_ONCE = 24  # in one process, and so many of them from one address:
UPLOADS_PER_ADDRESS = 12
DOWNLOADS_PER_USER = 20  # of large files, in one process
MULTIPART_MAX_PARTS = 128  # of a form with files
AVATAR_MAX_BYTES = 8 * 1024 * 1024
UPLOAD_MAX_BYTES = AVATAR_MAX_BYTES + 1024 * 1024  # of a form with an avatar
DISK_RESERVE = 64 * 1024 * 1024  # free bytes that files leave to the database
#: The size that one [file](files.md) of a message may have, in MiB. A proxy must let `FILES_PER_MESSAGE` of
#: them through
FILE_MAX_BYTES = environment.count("FILE_MAX_MB", 25) * 1024 * 1024
#: Files that one message may have; with `0`, nobody can send files
FILES_PER_MESSAGE = environment.count("FILES_PER_MESSAGE", 10, least=0)
#: The size that all files of one person may have together, in MiB; `0` for no limit
FILE_QUOTA_BYTES = environment.count("FILE_QUOTA_MB", 1024, least=0) * 1024 * 1024
#: The size that all files in one download of somebody's data, or of a room, may have together, in MiB. Others
#: are left out, and the download says so
EXPORT_MAX_BYTES = environment.count("EXPORT_MAX_MB", 2048, least=0) * 1024 * 1024
#: A [virus scanner](files.md#a-virus-scanner) that looks at each file before it is kept:
#: `unix:///run/clamav/clamd.ctl` or `tcp://127.0.0.1:3310`. Default: none
CLAMD = environment.address("CLAMD", ["unix", "tcp"])
CLAMD_SECONDS = 30  # that it may take for a step
DATA_UPLOAD_MAX_NUMBER_FILES = MULTIPART_MAX_PARTS  # forms say how many they take, in words
# Where people who are logged in may send forms with files, and how large these may be; 0 for not at all
_MESSAGE_MAX_BYTES = FILES_PER_MESSAGE and FILES_PER_MESSAGE * FILE_MAX_BYTES + 256 * 1024
UPLOAD_PATHS = {
    "/settings/avatar/": UPLOAD_MAX_BYTES,
    "/rooms/[0-9]+/messages/": _MESSAGE_MAX_BYTES,
    "/messages/[0-9]+/replies/": _MESSAGE_MAX_BYTES,
}
FILE_UPLOAD_HANDLERS = ["config.incoming.ArrivedHandler", "config.incoming.Handler"]
HISTORY_PAGE_SIZE = 50  # messages on a room page and on each older page
HISTORY_PAGE_BYTES = 400_000  # of messages on one page, roughly: of long ones there are fewer
UNREAD_PAGE_LIMIT = 300  # a room page has more than that if so many are unread
REPLAY_LIMIT = 100  # a page that is further behind gets the newest page as a whole
#: Seconds between heartbeats of a stream. Pages give up after 30 seconds of silence
HEARTBEAT_INTERVAL = environment.seconds("HEARTBEAT_INTERVAL", 10)
#: Seconds after which a change made by another process, or the end of a session, is found
POLL_INTERVAL = environment.seconds("POLL_INTERVAL", 1)
#: A secret; anybody who sends it may read `/metrics`. Default: nobody may
METRICS_TOKEN = environment.text("METRICS_TOKEN")
STREAM_MAX_BACKLOG = 256 * 1024  # bytes a reader may be behind before its stream is closed
