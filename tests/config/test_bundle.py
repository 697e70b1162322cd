"""The scripts that pages load."""

import brotli

from config.bundle import BUNDLES, minified


def test_our_own_scripts_of_a_room_stay_small():
    """As they are sent, without those of packages. Ask first what markup, style or the server can do."""
    _of_packages, ours = BUNDLES["js/hearth.js"]
    assert len(brotli.compress(minified(ours).encode())) <= 12 * 1024
