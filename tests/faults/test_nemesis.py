"""A short piece of `make nemesis`; what a long one found is a test of its own elsewhere."""

import shutil

import pytest

from tests.faults.nemesis import Round, Site

SEED = 5


@pytest.mark.servers
async def test_everything_at_once(prepared_folder, tmp_path):
    folder = tmp_path / "data"
    shutil.copytree(prepared_folder, folder)
    with Site(folder, is_sqlite=True) as site:
        await Round(SEED, site, steps=3).run(print)
        await site.check()
