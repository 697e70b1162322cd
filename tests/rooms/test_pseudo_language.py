"""Every text of every page is translated: in a language that marks translations, nothing else is seen."""

import re
from collections.abc import Iterator

import pytest
from django.test import Client

from accounts.models import User
from rooms.models import Membership
from tests import pseudo
from tests.conftest import client_of
from tests.factories import make_membership, make_message, make_messages, make_user
from tests.page import Element, parse
from tests.responses import HTMX
from tests.rooms.test_permissions import TABLE, address  # noqa: F401 (a fixture)

pytestmark = pytest.mark.django_db

# What people wrote, and names.
DATA = r"Hearth|UTC|https?://\S+|\b(?:ada|ben|mallory|root|person\d+|nosuchtoken|Kitchen|Hello)\b"
# Attributes that are read out or shown. Those with `data-` are what scripts say, except those below.
TEXTS = {"aria-label", "aria-description", "title", "placeholder", "alt", "label"}
TECHNICAL = re.compile(
    r"data-(hx-.*|key|day|sender|user|wanted|read|delivered|version|interval|region|draft|url|presence|sound"
    r"|theme|contrast|text-size|time-zone|state|connection|name|avatar|status|enter|.*-url|.*-id)"
)


@pytest.fixture(autouse=True)
def language(settings, tmp_path_factory):
    folder = pseudo.write_catalogs(tmp_path_factory.mktemp("locale"))
    settings.LANGUAGES = [*settings.LANGUAGES, *pseudo.LANGUAGES]
    settings.LOCALE_PATHS = [*settings.LOCALE_PATHS, folder]
    return pseudo.LEFT_TO_RIGHT


def texts_of(element: Element) -> Iterator[str]:
    """Yield all that is seen or heard of an element, but for what people wrote and names of languages."""
    if element.tag in ("script", "style") or element.get("translate") == "no" or element.get("dir") == "auto":
        return
    if element.tag == "option" and (element.get("lang") or "/" in element.get("value")):
        return
    for name, value in element.attributes.items():
        if name in TEXTS or (name.startswith("data-") and not TECHNICAL.fullmatch(name)):
            yield value
    if element.tag == "input" and element.get("type") in ("submit", "button"):
        yield element.get("value")
    # Brackets may open before a child and close behind it.
    yield (
        "".join(
            node if isinstance(node, str) else "" if node.tag in ("script", "style") else flat(node)
            for node in element.nodes
        )
        if element.tag in ("title", "p", "td", "th", "li", "label", "h1", "h2", "h3", "span", "a", "button")
        else ""
    )
    for child in element.children:
        yield from texts_of(child)


def flat(element: Element) -> str:
    """Return the text of an element inside of another, without what people wrote."""
    if (
        element.get("translate") == "no"
        or element.get("dir") == "auto"
        or element.tag in ("select", "textarea")
    ):
        return ""
    return "".join(node if isinstance(node, str) else flat(node) for node in element.nodes)


def strangers(response) -> list[str]:
    """Return the texts of an answer that were not translated."""
    if not response.get("Content-Type", "").startswith("text/html"):
        return []
    found = []
    for text in texts_of(parse(response.content.decode())):
        rest = re.sub(DATA, "", pseudo.unmarked(text))
        if re.search(r"[A-Za-z]{2}", rest):
            found.append(" ".join(rest.split()))
    return found


ASIDE = {"rooms:own_messages", "accounts:avatar_detail"}  # no pages


@pytest.mark.parametrize("who", ["anonymous", "outsider", "owner", "staff"])
def test_all_pages(address, ada, ben, mallory, room, private, who, language):  # noqa: F811 (a fixture)
    person = {
        "anonymous": None,
        "outsider": mallory,
        "owner": ada,
        "staff": make_user("root", "a long secret", is_staff=True),
    }[who]
    User.objects.update(language=language)
    room.memberships.filter(user=ada).update(role=Membership.Role.OWNER)
    make_membership(room, make_user(), role=Membership.Role.MODERATOR)
    make_messages(room, ben, 60)
    make_message(private, ben, "Hello @ada")
    bad, pages = {}, 0
    urls = {(name, place): address(name, place) for name, place in TABLE if name not in ASIDE}
    for method in ("GET", "POST"):
        for (name, _place), url in urls.items():
            for headers in ({}, HTMX):
                client = Client(headers={"Accept-Language": language, **headers})
                if person:
                    client.force_login(User.objects.get(pk=person.pk))
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
    staff = make_user("root", "a long secret", is_staff=True, language=language)
    visitor = Client(headers={"Accept-Language": language})
    answers = [
        visitor.get("/login/"),
        visitor.post("/login/", {"name": "ada"}),
        visitor.post("/login/", {"name": "ada", "password": "wrong"}),
        visitor.post("/login/", {"name": "two words"}),
    ]
    for path in ("/settings/browsers/", "/settings/invitations/", "/settings/"):
        for client in (client_of(ada), client_of(staff)):
            answers += [client.get(path), client.post(path)]
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
