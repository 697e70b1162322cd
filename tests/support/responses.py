"""What tests look for in the answers of views."""

from django.http import HttpResponse

from tests.support.htmx import Element, parse

HTMX = {"HX-Request": "true"}


def page_of(response: HttpResponse) -> Element:
    return parse(response.content.decode())


def headings(page: Element) -> list[str]:
    """Return the headings of the first level, but for those of dialogs, which nothing has opened yet."""
    closed = {heading for dialog in page.all("dialog") for heading in dialog.all("h1")}
    return [" ".join(heading.text.split()) for heading in page.all("h1") if heading not in closed]


def texts(element: Element, css_class: str) -> list[str]:
    """Return the texts of the elements of a class, with single spaces."""
    return [" ".join(found.text.split()) for found in element.all(css_class=css_class)]
