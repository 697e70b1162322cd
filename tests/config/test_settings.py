"""Settings from the environment, and the secret that is made on the first run."""

import os
import re
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from config import environment
from config.rates import Rate
from tests.support import settings_page

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(autouse=True)
def _no_secret_in_the_environment(monkeypatch):
    monkeypatch.delenv("SECRET_KEY", raising=False)


@pytest.fixture
def variable(monkeypatch):
    """`variable(value)` sets the variable X; None takes it away."""

    def change(value):
        if value is None:
            monkeypatch.delenv("X", raising=False)
        else:
            monkeypatch.setenv("X", value)

    return change


@pytest.mark.parametrize(
    ("value", "expected"), [(None, "default"), ("", "default"), ("  ", "default"), (" a b ", "a b")]
)
def test_text_is_trimmed_and_has_a_default(variable, value, expected):
    variable(value)
    assert environment.text("X", "default") == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, ["default"]), ("", ["default"]), ("a", ["a"]), (" a, b ,,c ", ["a", "b", "c"]), (",", [])],
)
def test_words_are_separated_by_commas(variable, value, expected):
    variable(value)
    assert environment.words("X", ["default"]) == expected


@pytest.mark.parametrize("value", ["1", "true", "YES", " on "])
def test_flag_is_set(variable, value):
    variable(value)
    assert environment.flag("X", False) is True


@pytest.mark.parametrize("value", ["0", "False", "no", "OFF", "", " "])
def test_flag_is_not_set(variable, value):
    variable(value)
    assert environment.flag("X", True) is False


@pytest.mark.parametrize("default", [True, False])
def test_flag_that_is_missing_has_a_default(variable, default):
    variable(None)
    assert environment.flag("X", default) is default


def test_choice_may_be_written_in_small_letters(variable):
    variable("debug")
    assert environment.one_of("X", ["DEBUG", "INFO"], "INFO") == "DEBUG"


@pytest.mark.parametrize(("value", "expected"), [(None, 10), ("0.5", 0.5), (" 30 ", 30)])
def test_duration_is_given_in_seconds(variable, value, expected):
    variable(value)
    assert environment.seconds("X", 10) == timedelta(seconds=expected)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, Rate(1, 60)),
        ("10/3m", Rate(10, 180)),
        ("5/s", Rate(5, 1)),
        ("2/1H", Rate(2, 3600)),
        ("off", None),
    ],
)
def test_rate_is_an_amount_and_a_period(variable, value, expected):
    variable(value)
    assert environment.rate("X", "1/1m") == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, ["::1/128"]), ("192.0.2.0/24, 10.0.0.1", ["192.0.2.0/24", "10.0.0.1/32"]), ("none", [])],
)
def test_networks_are_separated_by_commas(variable, value, expected):
    variable(value)
    assert [str(network) for network in environment.networks("X", ["::1"])] == expected


def test_number_has_a_default(variable):
    variable(None)
    assert environment.count("X", 7) == 7
    variable(" 9 ")
    assert environment.count("X", 7) == 9


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (lambda: environment.flag("X", False), "maybe"),
        (lambda: environment.flag("X", False), "2"),
        (lambda: environment.one_of("X", ["INFO"], "INFO"), "LOUD"),
        (lambda: environment.seconds("X", 1), "soon"),
        (lambda: environment.count("X", 1), "two"),
        (lambda: environment.count("X", 1), "-1"),
        (lambda: environment.seconds("X", 1), "0"),
        (lambda: environment.seconds("X", 1), "nan"),
        (lambda: environment.seconds("X", 1), "1e99"),
        (lambda: environment.rate("X", "1/1m"), "often"),
        (lambda: environment.rate("X", "1/1m"), "0/1m"),
        (lambda: environment.rate("X", "1/1m"), "1/0m"),
        (lambda: environment.rate("X", "1/1m"), "1/m/m"),
        (lambda: environment.networks("X", []), "192.0.2.0/33"),
        (lambda: environment.networks("X", []), "here"),
        (lambda: environment.count("X", 1), "0"),
        (lambda: environment.count("X", 1), "many"),
        (lambda: environment.folder("X", Path()), __file__),
        (lambda: environment.folder("X", Path()), f"{__file__}/below"),
    ],
)
def test_wrong_value_is_refused_by_the_name_of_its_variable(variable, read, value):
    variable(value)
    with pytest.raises(ImproperlyConfigured, match=r"^X must be .*" + value.rpartition("/")[2]):
        read()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "maybe"),
        ("LOG_LEVEL", "LOUD"),
        ("ENTERING", "wide"),
        ("LIMIT_POST_PER_USER", "many"),
        ("DATA_DIR", "/dev/null/x"),
    ],
)
def test_wrong_value_stops_the_start(tmp_path, name, value):
    variables = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), name: value}
    result = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env=variables, capture_output=True, text=True
    )
    assert result.returncode
    assert f"ImproperlyConfigured: {name} must be" in result.stderr


def test_folder_that_cannot_be_written_to_is_refused(variable, tmp_path, monkeypatch):
    variable(str(tmp_path))
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(ImproperlyConfigured, match=r"^X must be a folder that can be written to"):
        environment.folder("X", tmp_path)


def test_folder_is_made_for_its_owner_only(variable, tmp_path):
    variable(str(tmp_path / "new" / "folder"))
    folder = environment.folder("X", tmp_path)
    assert folder.is_dir()
    assert stat.S_IMODE(folder.stat().st_mode) & 0o007 == 0


POSTGRESQL = "postgresql://ada:a%20secret@db.example:5433/hearth?sslmode=require"


def test_database_is_the_one_that_the_url_names(variable):
    variable(POSTGRESQL)
    database = environment.postgresql("X", timedelta(seconds=3))
    assert database["ENGINE"] == "django.db.backends.postgresql"
    assert (database["USER"], database["PASSWORD"]) == ("ada", "a secret")
    assert (database["HOST"], database["PORT"], database["NAME"]) == ("db.example", 5433, "hearth")
    assert (database["CONN_MAX_AGE"], database["CONN_HEALTH_CHECKS"]) == (None, True)
    options = database["OPTIONS"]
    assert (options["sslmode"], options["connect_timeout"]) == ("require", 3)
    assert options["options"] == "-c lock_timeout=3000"


def test_options_of_the_url_win(variable):
    variable("postgresql:///hearth?host=/run/postgresql&connect_timeout=30")
    options = environment.postgresql("X", timedelta(seconds=3))["OPTIONS"]
    assert (options["host"], options["connect_timeout"]) == ("/run/postgresql", 30)


def test_without_a_url_there_is_no_other_server(variable):
    variable(None)
    assert environment.postgresql("X", timedelta(seconds=3)) == {}
    assert environment.channel_layer("X", "key") == {"BACKEND": "channels.layers.InMemoryChannelLayer"}


@pytest.mark.parametrize("url", ["redis://cache/1", "rediss://:secret@cache:6380", "unix:///run/redis.sock"])
def test_doorbells_go_over_redis(variable, url):
    variable(url)
    layer = environment.channel_layer("X", "key")
    assert layer["BACKEND"] == "channels_redis.pubsub.RedisPubSubChannelLayer"
    assert layer["CONFIG"]["hosts"][0]["address"] == url
    assert layer["CONFIG"]["prefix"] == environment.channel_layer("X", "key")["CONFIG"]["prefix"]
    assert layer["CONFIG"]["prefix"] != environment.channel_layer("X", "other")["CONFIG"]["prefix"]


@pytest.mark.parametrize(
    "url", ["mysql://u:secret@h/n", "secret", "postgresql://u:secret@h:port/n", "redis://[secret"]
)
@pytest.mark.parametrize(
    "read",
    [
        lambda: environment.postgresql("X", timedelta(seconds=1)),
        lambda: environment.channel_layer("X", "key"),
    ],
)
def test_wrong_url_is_refused_without_repeating_it(variable, url, read):
    variable(url)
    with pytest.raises(ImproperlyConfigured, match=r"^X must be ") as refusal:
        read()
    assert "secret" not in str(refusal.value)


def test_secret_key_from_the_environment_is_written_nowhere(monkeypatch, tmp_path):
    monkeypatch.setenv("SECRET_KEY", "from outside")
    assert environment.secret_key(tmp_path) == "from outside"
    assert list(tmp_path.iterdir()) == []


def test_secret_key_is_made_once_and_kept(tmp_path):
    key = environment.secret_key(tmp_path)
    assert len(key) >= 64
    assert environment.secret_key(tmp_path) == key
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


def test_secret_keys_differ(tmp_path):
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    assert environment.secret_key(folders[0]) != environment.secret_key(folders[1])


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_secret_key_is_readable_for_its_owner_only(tmp_path, umask):
    before = os.umask(umask)
    try:
        environment.secret_key(tmp_path)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


def test_processes_that_start_at_once_agree_on_one_key(tmp_path):
    with ThreadPoolExecutor(16) as pool:
        keys = set(pool.map(environment.secret_key, [tmp_path] * 64))
    assert len(keys) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


def test_key_that_another_process_makes_in_between_is_used(monkeypatch, tmp_path):
    def token(_length):
        (tmp_path / "secret_key").write_text("theirs")
        return "ours"

    monkeypatch.setattr("config.environment.secrets.token_urlsafe", token)
    assert environment.secret_key(tmp_path) == "theirs"
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


@pytest.mark.django_db
def test_database_survives_a_power_cut():
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SHOW synchronous_commit")
            assert cursor.fetchone() == ("on",)
        else:
            cursor.execute("PRAGMA synchronous")
            assert cursor.fetchone() == (2,)  # FULL: with each commit
            cursor.execute("PRAGMA journal_mode")
            assert cursor.fetchone() == ("wal",)


def test_page_of_settings_has_all_that_are_read_and_says_what_each_is_for():
    assert settings_page.PAGE.read_text() == settings_page.page(), "make settings"
    named = {variable.name: variable.about for variable in settings_page.variables()}
    assert [name for name, about in named.items() if not about] == []
    read = {
        name
        for path in ROOT.glob("config/**/*.py")
        for name in re.findall(r'environment\.\w+\(\s*"(\w+)"', path.read_text())
    }
    assert read <= named.keys()
    assert len(named) > 50
    # Nothing else looks into the environment.
    others = [path for app in ("accounts", "config", "rooms") for path in (ROOT / app).rglob("*.py")]
    found = {path.name for path in others if re.search(r"os\.(environ|getenv)", path.read_text())}
    assert found == {"environment.py", "asgi.py", "wsgi.py"}


def test_value_may_be_in_a_file(variable, monkeypatch, tmp_path):
    file = tmp_path / "secret"
    file.write_text("from a file\n")
    monkeypatch.setenv("X_FILE", str(file))
    variable(None)
    assert environment.text("X", "default") == "from a file"
    variable("from outside")
    assert environment.text("X") == "from outside"
    variable(None)
    monkeypatch.setenv("X_FILE", str(tmp_path / "missing"))
    with pytest.raises(ImproperlyConfigured, match=r"^X_FILE must be a file with text"):
        environment.text("X")
