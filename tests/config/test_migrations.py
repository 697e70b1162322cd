"""Migrations since the last release let its processes go on: they serve while tables change, and after."""

import os
import subprocess
import tomllib

import pytest
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation

from tests.support.server import ROOT

APPS = ("accounts", "rooms")
# What the release before neither sees nor misses. Others come in two steps: a release that no longer uses
# something, and one that takes it away.
HARMLESS = (
    migrations.CreateModel,
    migrations.AddIndex,
    migrations.RemoveIndex,
    migrations.RemoveConstraint,
    migrations.RunPython,
    migrations.AlterModelOptions,
    migrations.AlterModelManagers,
)


def harm(operation: Operation) -> str:
    """Return what a process of the release before would fail at; nothing if it would not."""
    if isinstance(operation, migrations.AddField):
        field = operation.field
        is_filled = field.null or field.has_db_default() or isinstance(field, models.ManyToManyField)
        return "" if is_filled else f"rows without {operation.name} cannot be written: null, or db_default"
    if isinstance(operation, migrations.AlterField):
        return "" if operation.field.null or operation.field.has_db_default() else "a column is changed"
    return "" if isinstance(operation, HARMLESS) else f"{type(operation).__name__} changes what it knows"


def since_the_last_release():
    """Return the migrations that the last release does not have, by their names."""
    releases = tomllib.loads((ROOT / "tests" / "releases.toml").read_text())["release"]
    command = ["git", "ls-tree", "-r", "--name-only", releases[0]["commit"]]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if listed.returncode and os.environ.get("CI") != "true":
        pytest.skip("this is no repository with the commits of earlier releases")
    before = set(listed.stdout.split())
    assert "rooms/migrations/0001_initial.py" in before
    return {
        f"{app}.{name}": migration
        for (app, name), migration in MigrationLoader(None).disk_migrations.items()
        if app in APPS and f"{app}/migrations/{name}.py" not in before
    }


def test_release_before_serves_on_whatever_has_changed():
    operations = [
        (migration, operation)
        for migration in since_the_last_release().values()
        for operation in migration.operations
    ]
    # It knows nothing of tables that are new.
    new = {
        (migration.app_label, operation.name.lower())
        for migration, operation in operations
        if isinstance(operation, migrations.CreateModel)
    }
    harms = {
        f"{migration}: {operation.describe()}": found
        for migration, operation in operations
        if (migration.app_label, getattr(operation, "model_name", "").lower()) not in new
        and (found := harm(operation))
    }
    assert harms == {}


FIELD = models.IntegerField()
UNIQUE = models.UniqueConstraint(fields=["x"], name="x")


@pytest.mark.parametrize(
    "operation",
    [
        migrations.AddField("room", "x", FIELD),
        migrations.AddField("room", "x", models.IntegerField(default=1)),  # which only this release knows
        migrations.AlterField("room", "x", FIELD),
        migrations.AddConstraint("room", UNIQUE),
        migrations.RemoveField("room", "x"),
        migrations.RenameField("room", "x", "y"),
        migrations.DeleteModel("room"),
        migrations.RenameModel("room", "chamber"),
        migrations.AlterModelTable("room", "chambers"),
        migrations.AlterUniqueTogether("room", {("x", "y")}),
    ],
    ids=lambda operation: operation.describe(),
)
def test_what_the_release_before_would_fail_at_is_found(operation):
    assert harm(operation)


@pytest.mark.parametrize(
    "field", [models.IntegerField(null=True), models.IntegerField(db_default=1), models.ManyToManyField("y")]
)
def test_what_it_does_not_notice_is_allowed(field):
    assert not harm(migrations.AddField("room", "x", field))
