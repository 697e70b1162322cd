"""A TCP proxy that can break as networks break."""

import random
import socket
import threading
from contextlib import suppress
from typing import Self


class Proxy:
    """Forwards a free port to `port`, until it is told otherwise.

    While `is_silent`, nothing passes through streams, old and new, and nothing is closed either: packets
    are dropped. While it is cut, there are no connections at all. Of the answers to posts it loses the share
    `loses`, by closing the connection when they come.
    """

    def __init__(self, port: int) -> None:
        self.target = port
        self.is_silent = False
        self.is_cut = False
        self.is_over = False
        self.loses = 0.0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=50)
        self.port = self.listener.getsockname()[1]
        self.connections: list[Connection] = []
        self.thread = threading.Thread(target=self._accept)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.is_over = True
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.listener.close()
        self.cut()

    def cut(self) -> None:
        self.is_cut = True
        for connection in self.connections:
            connection.close()
        self.connections.clear()

    def mend(self) -> None:
        self.is_cut = False

    def _accept(self) -> None:
        while not self.is_over:
            with suppress(OSError):
                page, _address = self.listener.accept()
                self._connect(page)

    def _connect(self, page: socket.socket) -> None:
        try:
            if not self.is_cut:
                self.connections.append(Connection(self, page))
                return
        except OSError:  # nobody listens there
            pass
        page.close()


class Connection:
    def __init__(self, proxy: Proxy, page: socket.socket) -> None:
        self.proxy = proxy
        self.page = page
        self.server = socket.create_connection(("127.0.0.1", proxy.target))
        self.is_stream = False
        self.is_post = False
        self.is_dead = False
        self.threads = [
            threading.Thread(target=self._forward, args=ends)
            for ends in ((self.page, self.server), (self.server, self.page))
        ]
        for thread in reversed(self.threads):  # the first one ends with waiting for the other
            thread.start()

    def _forward(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if source is self.page and data.startswith((b"GET /", b"POST /")):
                    self.is_stream = b"/stream?" in data.partition(b"\r\n")[0]
                    self.is_post = data.startswith(b"POST /")
                elif source is self.server and self.is_post and random.random() < self.proxy.loses:
                    break
                # Once dead, always dead: what was lost does not come later.
                self.is_dead = self.is_dead or (self.is_stream and self.proxy.is_silent)
                if not self.is_dead:
                    target.sendall(data)
        if not self.is_dead:
            self._shut_down()
            if source is self.page:
                self.close()

    def _shut_down(self) -> None:
        for end in (self.page, self.server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._shut_down()
        for thread in self.threads:
            if thread is not threading.current_thread():
                thread.join()
        self.page.close()
        self.server.close()
