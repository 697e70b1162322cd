"""Every text of every page is translated: in a language that marks translations, nothing else is seen."""

import copy
import re
from contextlib import contextmanager, nullcontext

import pytest
from django.test import Client

from accounts.models import User
from rooms.models import Membership
from tests.conftest import client_of
from tests.rooms.test_permissions import TABLE, address  # noqa: F401 (a fixture)
from tests.support import pseudo
from tests.support.asking import undone
from tests.support.factories import make_membership, make_message, make_messages, make_user
from tests.support.responses import HTMX

pytestmark = pytest.mark.django_db

NAMES = (
    r"\b(?:ada|ben|mallory|rita|root|person\d+|nosuchtoken|Kitchen|Hello|PDF|report\.pdf)\b"
    r"|\brooms/_tick\.html\b|@all\b"
)


@pytest.fixture(autouse=True)
def language(settings, tmp_path_factory):
    folder = pseudo.write_catalogs(tmp_path_factory.mktemp("locale"))
    settings.LANGUAGES = [*settings.LANGUAGES, *pseudo.LANGUAGES]
    settings.LOCALE_PATHS = [*settings.LOCALE_PATHS, folder]
    return pseudo.LEFT_TO_RIGHT


def strangers(response) -> list[str]:
    """Return the texts of an answer that were not translated."""
    is_page = response.get("Content-Type", "").startswith("text/html")
    return pseudo.strangers(response.content.decode(), NAMES) if is_page else []


@contextmanager
def cookies_kept(client):
    """Leave the client as it is: logged in, and with nothing to be told on the next page."""
    cookies = copy.deepcopy(client.cookies)
    yield
    client.cookies = cookies


# No pages, and one in the language that it is asked for.
ASIDE = {"rooms:own_messages", "accounts:avatar_detail", "rooms:gallery_frame"}


@pytest.mark.parametrize("who", ["anonymous", "outsider", "owner", "staff"])
def test_all_pages(address, ada, ben, mallory, room, private, who, language):  # noqa: F811 (a fixture)
    person = {
        "anonymous": None,
        "outsider": mallory,
        "owner": ada,
        "staff": make_user("rita", "a long secret", is_staff=True),
    }[who]
    User.objects.update(language=language)
    room.memberships.filter(user=ada).update(role=Membership.Role.OWNER)
    make_membership(room, make_user(), role=Membership.Role.MODERATOR)
    make_messages(room, ben, 60)
    make_message(private, ben, "Hello @ada")
    bad, pages = {}, 0
    urls = {(name, place): address(name, place) for name, place in TABLE if name not in ASIDE}
    clients = [Client(headers={"Accept-Language": language, **headers}) for headers in ({}, HTMX)]
    for client in clients if person else []:
        client.force_login(User.objects.get(pk=person.pk))
    for method in ("GET", "POST"):
        for (name, _place), url in urls.items():
            for client in clients:
                with cookies_kept(client), undone() if method == "POST" else nullcontext():
                    response = client.generic(method, url)
                pages += response.get("Content-Type", "").startswith("text/html")
                if found := strangers(response):
                    bad[method, name, response.status_code] = found
    assert pages > len(urls)
    assert bad == {}


@pytest.mark.parametrize("entering", ["claimed", "closed"])
def test_other_ways_to_enter(settings, ada, language, entering):
    settings.ENTERING = entering
    User.objects.update(language=language)
    staff = make_user("rita", "a long secret", is_staff=True, language=language)
    visitor = Client(headers={"Accept-Language": language})
    answers = [
        visitor.get("/login/"),
        visitor.post("/login/", {"name": "ada"}),
        visitor.post("/login/", {"name": "ada", "password": "wrong"}),
        visitor.post("/login/", {"name": "two words"}),
    ]
    for path in ("/settings/browsers/", "/settings/invitations/", "/settings/"):
        for client in (client_of(ada), client_of(staff)):
            answers += [client.get(path), client.post(path), client.get(path)]
    texts = "".join(answer.content.decode() for answer in answers)
    links = set(re.findall(r"/(?:enter|join)/[\w-]+/", texts))
    assert links
    for link in links:
        answers += [visitor.get(link), visitor.post(link, {"name": "x"})]
    assert len(answers) > 16
    assert [found for answer in answers if (found := strangers(answer))] == []


def test_what_is_refused_is_said_in_it(ada, room, language):
    User.objects.update(language=language)
    client = client_of(ada)
    wrong = [
        (f"{room.get_absolute_url()}messages/", {"content": "\x07"}),
        (f"{room.get_absolute_url()}messages/", {"content": "x" * 5000}),
        ("/rooms/", {"name": "Kitchen"}),
        ("/rooms/", {"name": "\u200b!"}),
        ("/settings/", {"theme": "x"}),
        ("/settings/password/", {"new_password": "1", "repeated_password": "2"}),
        ("/nowhere/", {}),
    ]
    for url, data in wrong:
        for headers in ({}, HTMX):
            response = client.post(url, data, headers=headers)
            assert response.status_code in (404, 422)
            assert strangers(response) == []


def test_text_that_was_not_translated_would_be_found(client, language):
    class Answer(dict):
        content = "<main><p>⟦Good⟧ Bad</p><a title='Worse'>⟦a <b>bold⟧</b></a></main>".encode()

    assert strangers(Answer({"Content-Type": "text/html"})) == ["Bad", "Worse"]
