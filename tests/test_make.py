"""`make test` itself: red where something fails; what fails beside the others is tried once more."""

import shutil
import subprocess
from pathlib import Path

import pytest

MAKEFILE = Path(__file__).resolve().parent.parent / "Makefile"
# Stands for pytest: its exit status is the next line of a file that has the part's name.
PYTEST = r"""#!/usr/bin/env bash
part=$(sed -E "s|.*pytest_cache/([a-z]+).*|\1|" <<<"$*")
echo "$part: $*"
status=$(head -n 1 "$part")
sed -i 1d "$part"
exit "$status"
"""
PASSES, FAILS, FINDS_NO_TEST = 0, 1, 5
PARTS = ("faults", "browser", "states", "sqlite", "postgresql")


@pytest.fixture
def make_test(tmp_path):
    shutil.copy(MAKEFILE, tmp_path)
    scripts = {
        ".venv/bin/pytest": PYTEST,
        # "python -m tests.support.services pytest …" runs pytest with a database.
        ".venv/bin/python": '#!/usr/bin/env bash\nexec "${@:3}"\n',
        "bin/setup": "#!/usr/bin/env bash\n",
    }
    for name, text in scripts.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def run(**results):
        for part in PARTS:
            told = results.get(part, [PASSES])
            (tmp_path / part).write_text("".join(f"{status}\n" for status in told))
        done = subprocess.run(["make", "test"], cwd=tmp_path, capture_output=True, text=True)
        return done.returncode, done.stdout

    return run


def test_all_that_passes_is_a_success(make_test):
    status, output = make_test()
    assert status == 0
    assert [part for part in PARTS if f"{part}: " not in output] == []
    assert "once more" not in output


def test_what_fails_twice_is_a_failure(make_test):
    status, output = make_test(sqlite=[FAILS, FAILS])
    assert status != 0
    assert output.count("sqlite: ") == 2


def test_what_passes_alone_is_a_success_and_only_that_is_run_again(make_test):
    status, output = make_test(browser=[FAILS, PASSES])
    assert status == 0
    again = output[output.index("once more") :]
    assert "-o cache_dir=.pytest_cache/browser -v --last-failed" in again
    assert "sqlite: " not in again


@pytest.mark.parametrize("crash", [2, 3, 4, 137])
def test_a_part_that_did_not_come_to_its_end_is_a_failure(make_test, crash):
    status, _output = make_test(postgresql=[crash, FINDS_NO_TEST])
    assert status != 0
