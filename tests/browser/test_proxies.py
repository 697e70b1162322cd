"""Behind each proxy with its file from `deploy/`, over HTTPS and HTTP/2, as people reach Hearth."""

import io
import re

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.support.server import Server, free_port
from tests.support.services import Caddy, EncryptedNginx

pytestmark = pytest.mark.servers

# Over HTTP/1.1 a browser would open six connections, and the seventh tab would wait for ever.
TABS = 20
SOON = 3000


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory):
    """Its heartbeat is late, so nothing pushes out what a proxy has held back."""
    hosts = "localhost,127.0.0.1"
    with Server(
        tmp_path_factory.mktemp("encrypted"), HTTPS="1", ALLOWED_HOSTS=hosts, HEARTBEAT_INTERVAL="15"
    ) as server:
        yield server


@pytest.mark.parametrize(("kind", "tabs"), [(EncryptedNginx, 2), (Caddy, TABS)])
def test_tabs_are_live_over_http_2_and_pictures_come_through(encrypted, person, kind, tabs):
    with kind(free_port(), [encrypted.port]) as site:
        ada = person("ada", at=site, ignore_https_errors=True)
        room = ada.make_room()
        ada.open_live(room)
        entry = "performance.getEntriesByType('navigation')[0].nextHopProtocol"
        assert ada.page.evaluate(entry) == "h2"
        others = [ada.context.new_page() for _ in range(tabs - 1)]
        for page in others:
            page.goto(f"{site.url}{room}")
        for page in others:
            page.wait_for_selector("html[data-connection=connected]")
        ada.send("to all of them")
        for page in others:
            expect(page.locator(".message .content")).to_have_text(["to all of them"], timeout=SOON)

        ada.open("/settings/profile/")
        file = io.BytesIO()
        Image.effect_noise((1000, 1000), 90).save(file, "PNG")
        picture = {"name": "me.png", "mimeType": "image/png", "buffer": file.getvalue()}
        ada.page.get_by_label("Picture").set_input_files(picture)
        ada.page.get_by_role("button", name="Use this picture").click()
        expect(ada.page.locator("main .avatar img")).to_have_attribute("src", re.compile("/320.webp$"))
