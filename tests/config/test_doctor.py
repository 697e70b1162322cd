"""What the doctor finds on this machine."""

import os
import resource
from collections import namedtuple
from datetime import datetime, timedelta

import pytest

from config.backup import nightly
from config.doctor import inside

Usage = namedtuple("Usage", "total used free")
State = namedtuple("State", "f_files f_favail")


def marks(findings):
    return [(one.name, one.mark) for one in findings]


def test_disk(settings, tmp_path, monkeypatch):
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(inside.shutil, "disk_usage", lambda _path: Usage(1, 1, 10**12))
    monkeypatch.setattr(inside.os, "statvfs", lambda _path: State(1000, 500))
    assert marks(inside.of_disk()) == [("disk", "ok")]
    monkeypatch.setattr(inside.os, "statvfs", lambda _path: State(1000, 5))
    assert marks(inside.of_disk()) == [("disk", "PROBLEM")]
    monkeypatch.setattr(inside.shutil, "disk_usage", lambda _path: Usage(1, 1, 10**8))
    [finding] = inside.of_disk()
    assert finding.sentence == "Only 100 MB are free in DATA_DIR."


@pytest.mark.parametrize(("hard", "mark"), [(1024, "hint"), (65536, "ok"), (resource.RLIM_INFINITY, "ok")])
def test_open_files(monkeypatch, hard, mark):
    monkeypatch.setattr(inside.resource, "getrlimit", lambda _kind: (hard, hard))
    assert marks(inside.of_limits()) == [("open files", mark)]


def test_backups(settings, tmp_path):
    settings.DATA_DIR, settings.BACKUP_DAYS = tmp_path, 0
    assert marks(inside.of_backups()) == [("backup", "hint")]
    settings.BACKUP_DAYS = 3
    assert [one.sentence for one in inside.of_backups()] == ["There is none yet."]
    newest = nightly.of_day(datetime.now().date())
    newest.touch()
    assert marks(inside.of_backups()) == [("backup", "ok")]
    long_ago = (datetime.now() - timedelta(days=5)).timestamp()
    os.utime(newest, (long_ago, long_ago))
    assert [one.sentence for one in inside.of_backups()] == ["The last one is 5 days old."]
    nightly.note_failure("The disk is full.")
    assert [one.sentence for one in inside.of_backups()] == ["The last one failed: The disk is full."]


@pytest.mark.django_db
def test_sqlite(django_db_setup):
    if inside.rows.is_postgresql():
        assert marks(inside.of_database())[-1] == ("database", "ok")
        return
    assert marks(inside._of_sqlite((3, 36, 0))) == [("database", "PROBLEM")]
    assert marks(inside.of_database())[-1] == ("database", "ok")


@pytest.mark.django_db
def test_settings_that_are_dangerous(settings):
    settings.METRICS_TOKEN = "short"
    findings = {one.name: one for one in inside.of_settings()}
    assert findings["settings (hearth.W002)"].mark == "hint"
    settings.DEBUG, settings.ALLOWED_HOSTS = True, ["chat.example"]
    assert ("settings (hearth.E001)", "PROBLEM") in marks(inside.of_settings())
