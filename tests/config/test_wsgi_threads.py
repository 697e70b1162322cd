"""Plain views get a request as WSGI has it, and answer as a whole."""

import io

import pytest

from config.serving.wsgi_threads import WSGIThreads

SCOPE = {
    "type": "http",
    "method": "POST",
    "path": "/ä/",
    "query_string": b"a=1",
    "http_version": "1.1",
    "scheme": "https",
    "server": ("127.0.0.1", 8000),
    "client": ("127.0.0.2", 1234),
    "headers": [
        (b"content-length", b"8"),
        (b"content-type", b"text/plain"),
        (b"cookie", b"a=1"),
        (b"cookie", b"b=2"),
        (b"x-two", b"1"),
        (b"x-two", b"2"),
    ],
}


async def answered(application, scope=SCOPE):
    sent = []

    async def send(message):
        sent.append(message)

    await WSGIThreads(application, 1)(scope, io.BytesIO(b"name=ada"), send)
    return sent


async def test_application_gets_the_request_and_its_body():
    seen = {}

    def application(environ, start_response):
        seen.update(environ, body=environ["wsgi.input"].read())
        start_response("200 OK", [])
        return [b""]

    await answered(application)
    assert seen["body"] == b"name=ada"
    assert (seen["REQUEST_METHOD"], seen["QUERY_STRING"]) == ("POST", "a=1")
    assert seen["PATH_INFO"].encode("latin-1").decode() == "/ä/"
    assert (seen["CONTENT_LENGTH"], seen["CONTENT_TYPE"]) == ("8", "text/plain")
    assert (seen["HTTP_COOKIE"], seen["HTTP_X_TWO"]) == ("a=1; b=2", "1,2")
    assert (seen["REMOTE_ADDR"], seen["wsgi.url_scheme"]) == ("127.0.0.2", "https")


async def test_answer_comes_as_a_whole_and_is_closed():
    class Parts(list):
        is_closed = False

        def close(self):
            self.is_closed = True

    parts = Parts([b"all ", b"of it"])

    def application(environ, start_response):
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        return parts

    start, body = await answered(application)
    assert start == {
        "type": "http.response.start",
        "status": 404,
        "headers": [(b"content-type", b"text/plain")],
        "trailers": False,
    }
    assert body["body"] == b"all of it"
    assert parts.is_closed


@pytest.mark.parametrize("is_large", [False, True])
async def test_file_is_sent_as_a_whole_unless_it_may_be_large(is_large):
    """Static files are files, too."""

    class File(io.BytesIO):
        pass

    file = File(b"all of it")
    if is_large:
        file.reader = 1

    def application(environ, start_response):
        start_response("200 OK", [])
        return environ["wsgi.file_wrapper"](file, 4)

    if is_large:
        download = await WSGIThreads(application, 1)(SCOPE, io.BytesIO(), None)
        assert download.file is file
        assert not file.closed
    else:
        assert (await answered(application))[1]["body"] == b"all of it"
        assert file.closed


async def test_what_the_application_raises_comes_through():
    def application(environ, start_response):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await answered(application)
