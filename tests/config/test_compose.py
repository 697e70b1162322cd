"""The image and the compose files, as far as they can be looked at; `make image` builds and runs one."""

import re
import subprocess
import sys
import tomllib

import pytest
import yaml

from config.environment import networks
from tests.support.server import ROOT
from tests.support.settings_page import variables

KNOWN = {variable.name for variable in variables()}
HARDENED = {
    "read_only": True,
    "tmpfs": ["/tmp"],  # noqa: S108 (in a container)
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges:true"],
}
OURS = {"compose.yaml": ["hearth"], "compose.full.yaml": ["setup", "web1", "web2"]}


def services(file):
    return yaml.safe_load((ROOT / file).read_text())["services"]


@pytest.mark.parametrize("file", OURS)
def test_hearth_writes_into_its_volume_only_and_has_settings_that_are_there(file):
    found = services(file)
    for name in OURS[file]:
        service = found[name]
        assert {key: service.get(key) for key in HARDENED} == HARDENED
        assert service["volumes"] == ["data:/data"]
        assert {key.removesuffix("_FILE") for key in service["environment"]} <= KNOWN


def test_processes_wait_for_the_database_that_is_made_once():
    found = services("compose.full.yaml")
    for name in ("web1", "web2"):
        assert found[name]["depends_on"]["setup"] == {"condition": "service_completed_successfully"}
        assert "--setup" not in found[name]["command"]
        assert int(found[name]["stop_grace_period"].removesuffix("s")) > 10
    assert found["caddy"]["environment"]["HEARTH_PROCESSES"] == "web1:8000 web2:8000"
    secrets = yaml.safe_load((ROOT / "compose.full.yaml").read_text())["secrets"]
    assert all(value["file"] == f"secrets/{name}" for name, value in secrets.items())
    for service in found.values():
        for key, value in service["environment"].items() if "environment" in service else ():
            if key.endswith("_FILE"):
                assert value.removeprefix("/run/secrets/") in service["secrets"]


def test_first_process_of_a_container_ends_when_told():
    """Also during migrations, before a server handles SIGTERM."""
    program = (
        "import os, runpy, signal; os.getpid = lambda: 1; "
        "runpy.run_path('manage.py', run_name='other')['end_when_told'](); signal.raise_signal(15)"
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (143, "")


def test_without_capabilities_a_service_has_its_user_from_the_beginning():
    """Images of others begin as root, and become their user by what they no longer may."""
    for name, service in services("compose.full.yaml").items():
        if "cap_drop" in service and name not in OURS["compose.full.yaml"]:
            assert re.fullmatch(r"\d+:\d+", service["user"])


def test_proxy_is_believed_in_its_network(monkeypatch):
    text = yaml.safe_load((ROOT / "compose.full.yaml").read_text())
    [subnet] = text["networks"]["inside"]["ipam"]["config"]
    assert text["services"]["web1"]["environment"]["TRUSTED_PROXIES"] == subnet["subnet"]
    monkeypatch.setenv("X", subnet["subnet"])
    assert len(networks("X", [])) == 1


def test_image_has_what_hearth_is_made_of_and_nothing_without_a_hash():
    text = (ROOT / "Dockerfile").read_text()
    ignored = (ROOT / ".dockerignore").read_text().split()
    copied = set(re.findall(r"^COPY (?!--)(.+) \S+$", text, re.MULTILINE))
    names = {name for line in copied for name in line.split()} - {"${LOCK}"}
    assert names | {"requirements.lock", "requirements-uvicorn.lock"} == {
        line[1:] for line in ignored if line.startswith("!")
    }
    packages = {path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()}
    assert packages - {"tests", "benchmarks"} <= names
    assert text.count("pip install") == text.count("--require-hashes") == 2
    lock = (ROOT / "requirements-build.lock").read_text()
    group = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]["build"]
    assert re.findall(r"^(\w+)==", lock, re.MULTILINE) == [re.match(r"\w+", one)[0] for one in group]
    assert "\nUSER 10001:10001\n" in text
