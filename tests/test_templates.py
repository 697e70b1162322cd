"""How templates are loaded, and that a request nobody should answer fills no log."""

import logging
import os
import subprocess
import sys

import pytest

from tests.server import ROOT

SHOW_LOADERS = "from django.conf import settings; print(settings.TEMPLATES[0]['OPTIONS']['loaders'])"


@pytest.mark.parametrize(("debug", "is_cached"), [("1", False), ("0", True)])
def test_templates_are_read_anew_only_while_somebody_edits_them(tmp_path, debug, is_cached):
    environment = {**os.environ, "DEBUG": debug, "DATA_DIR": str(tmp_path)}
    shown = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v", "0", "-c", SHOW_LOADERS],
        cwd=ROOT, env=environment, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    assert ("cached" in shown) is is_cached


def test_foreign_host_is_refused_without_a_word_in_the_log(client, caplog):
    with caplog.at_level(logging.INFO):
        assert client.get("/login/", headers={"Host": "evil.example"}).status_code == 400
    assert not caplog.records
