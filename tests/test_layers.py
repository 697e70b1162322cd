"""What import-linter cannot see: which names the modules of a layer use."""

import ast

import pytest

from tests.support.server import ROOT

APPS = ("accounts", "config", "rooms")
# Verbs of the nouns do these, each in its own transaction.
OF_VERBS = {"atomic", "doorbell", "lock", "on_commit", "ring", "ring_after_commit", "select_for_update"}


def modules_that_only_ask():
    """Return the modules of views, forms and admin."""
    found = {
        path
        for app in APPS
        for pattern in ("views/**/*.py", "*form*.py", "*admin*.py")
        for path in (ROOT / app).glob(pattern)
    }
    return sorted(str(path.relative_to(ROOT)) for path in found)


def names_in(source):
    """Yield everything that is imported, called or looked up."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.ImportFrom(module=module, names=names):
                yield from (module or "").split(".")
                yield from (alias.name for alias in names)
            case ast.Import(names=names):
                yield from (part for alias in names for part in alias.name.split("."))
            case ast.Attribute(attr=name) | ast.Name(id=name):
                yield name


def test_there_are_views_forms_and_admin():
    modules = set(modules_that_only_ask())
    assert {"accounts/admin.py", "accounts/forms.py", "rooms/admin.py", "rooms/raid_form.py"} <= modules
    assert {"rooms/views/messages.py", "accounts/views/settings.py"} <= modules


@pytest.mark.parametrize("module", modules_that_only_ask())
def test_views_forms_and_admin_neither_lock_nor_ring(module):
    assert not OF_VERBS & set(names_in((ROOT / module).read_text()))


@pytest.mark.parametrize(
    "source",
    [
        "from config import doorbell",
        "import config.doorbell",
        "from config.doorbell import ring_after_commit as later",
        "with transaction.atomic(): pass",
        "room.lock()",
        "User.objects.select_for_update().get()",
    ],
)
def test_every_way_to_lock_or_ring_is_noticed(source):
    assert OF_VERBS & set(names_in(source))


# Views that answer a limit in another way than its form or its page.
BY_THEMSELVES = {
    "accounts/views/profiles.py": "a picture has its turn before it is decoded",
    "rooms/views/typing_indicators.py": "nobody waits for the answer",
}


@pytest.mark.parametrize("module", [name for name in modules_that_only_ask() if "/views/" in name])
def test_forms_tell_views_how_refused_input_is_answered(module):
    source = (ROOT / module).read_text()
    assert ("LimitReached" in names_in(source)) is (module in BY_THEMSELVES)
    assert 'request.POST if request.method == "POST"' not in source
    assert "422 if form.is_bound" not in source
