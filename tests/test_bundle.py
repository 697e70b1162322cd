"""The scripts that pages load."""

from config.bundle import BUNDLES, minified


def test_our_own_scripts_stay_small():
    """As they are served, before they are compressed. Ask first what markup, style or the server can do."""
    assert sum(len(minified(ours).encode()) for _of_packages, ours in BUNDLES.values()) <= 10 * 1024
