"""The gallery: every template in every state."""

import pytest
from django.db import connection

from accounts import limits
from accounts.models import User
from config.rates import Rate
from rooms.gallery.check import backend_of, drawing_with
from rooms.gallery.heads import sources
from rooms.gallery.stage import staged
from rooms.gallery.states import STATES
from rooms.gallery.watch import Sight, watched
from rooms.models import ChatRoom
from tests.conftest import client_of
from tests.support.responses import page_of
from tests.support.room_picture import PICTURE, STATE, names_in

pytestmark = pytest.mark.django_db
FRAME = "/gallery/look/formatted/rooms/_message.html"


@pytest.fixture
def staff_client(db):
    return client_of(User.objects.create_user("rita", "a long secret", is_staff=True))


# What is in it


def test_index_lists_all_templates(staff_client):
    page = page_of(staff_client.get("/gallery/"))
    assert [link.text for link in page.by_id("main").all("a")] == list(sources())


def test_template_has_its_context_hooks_and_states(staff_client):
    page = page_of(staff_client.get("/gallery/rooms/_tick.html/?width=360&look=dark"))
    text = page.text
    assert "How far a message has come" in text
    assert 'part "tick"; data-state' in text
    kinds = {row.all("th")[0].text: row.all("td")[0].text for row in page.all("tr")[1:]}
    assert kinds == {"tick": "Tick", "is_document": "yes or no"}
    assert "rooms/chat_room_detail.html" in text
    [frame] = page.all("iframe")
    assert (frame["width"], frame["sandbox"]) == ("360", "allow-same-origin")
    assert frame["src"] == "/gallery/look/all_three/rooms/_tick.html?theme=dark"
    one = page_of(staff_client.get("/gallery/rooms/_tick.html/?state=all_three"))
    assert len(one.all("iframe")) == 10


def test_frame_is_what_the_product_draws_and_leaves_nothing(staff_client):
    people = User.objects.count()
    response = staff_client.get(f"{FRAME}?theme=dark&contrast=more")
    assert response["X-Frame-Options"] == "SAMEORIGIN"
    assert "script-src 'none'" in response["Content-Security-Policy"]
    assert "frame-ancestors 'self'" in response["Content-Security-Policy"]
    page = page_of(response)
    [html] = page.all("html")
    assert (html["data-theme"], html["data-contrast"]) == ("dark", "more")
    assert page.all("strong")[0].text == "Bold"
    assert "<x-raw>" in page.all("code")[0].text
    assert User.objects.count() == people
    assert not ChatRoom.objects.exists()
    assert connection.in_atomic_block  # that of this test


def test_frame_has_languages_and_directions(staff_client):
    german = page_of(staff_client.get("/gallery/look/login_page/accounts/login.html?language=de"))
    assert german.all("html")[0]["lang"] == "de"
    assert german.all("h1")[0].text.strip() == "Anmelden"
    turned = page_of(
        staff_client.get("/gallery/look/with_messages/rooms/chat_room_detail.html?direction=rtl")
    )
    assert turned.all("html")[0]["dir"] == "rtl"
    assert not turned.all("noscript")


@pytest.mark.parametrize(
    "path",
    [
        "/gallery/rooms/nothing.html/",
        "/gallery/rooms/_tick.html/?look=pink",
        "/gallery/rooms/_tick.html/?width=9",
        "/gallery/look/nothing/rooms/_tick.html",
        f"{FRAME}?theme=pink",
        f"{FRAME}?language=xx",
    ],
)
def test_there_is_nothing_else(staff_client, path):
    assert staff_client.get(path).status_code == 404


def test_who_edits_templates_needs_not_be_staff(settings, ada_client):
    settings.DEBUG = True
    assert ada_client.get("/gallery/").status_code == 200


def test_drawing_is_limited(staff_client, limit, monkeypatch):
    monkeypatch.setattr(limits, "memory", limits.Memory())
    limit(gallery_per_user=Rate(1, 60))
    assert [staff_client.get(FRAME).status_code for _ in range(2)] == [200, 429]


def test_states_have_names_of_their_own():
    titles = [(state.template, state.title) for state in STATES.values()]
    assert len(titles) == len(set(titles))


def test_picture_of_the_docs_names_files_that_draw_the_room():
    """tests/browser/test_theme.py looks at whether it names all of them."""
    sight = Sight()
    with drawing_with(backend_of(None)), watched(sight), staged() as stage:
        STATE.draw(stage)
    named = names_in(PICTURE.read_text())
    assert named - sight.drawn.keys() == set()
    assert len(named) > 15
