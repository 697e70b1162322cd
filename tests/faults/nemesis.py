"""Everything at once, at random: python -m tests.faults.nemesis [--minutes 30] [--seed 1] [--sqlite]

People talk behind proxies to two processes with Redis between them, while servers are killed and stopped,
Redis and the database fail, connections are cut, answers get lost, the clock jumps, readers do not read, and
the access of some is taken away. A round is a room; after it everything is compared: what was acknowledged,
the database, each page that was open, and a page as of now. A round that fails says its seed; with it, the
same round is done again.
"""

import argparse
import asyncio
import contextlib
import random
import re
import secrets
import signal
import sqlite3
import sys
import tempfile
import time
import traceback
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Any

from tests.browser.proxy import Proxy
from tests.faults.crowd import Crowd
from tests.support.clients import UNKNOWN_OUTCOME, ChatClient, LivePage, Refused, StreamReader, eventually
from tests.support.server import Server, free_port
from tests.support.services import PostgreSQL, Redis

STEPS = 6
DAY = 24 * 60 * 60
# What a process may keep open when nobody reads: its threads and connections to databases, and some to come.
FILES_AT_REST = 60
THREADS_AT_REST = 30
COMPLAINT = re.compile(r"Traceback|CRITICAL|Unhandled|never retrieved")
MESSAGE = re.compile(r'id="message-(\d+)"')


class Front:
    """A server as people reach it: through a proxy that can be cut."""

    def __init__(self, server: Server, proxy: Proxy) -> None:
        self.server = server
        self.proxy = proxy

    @property
    def url(self) -> str:
        return self.proxy.url

    def rows(self) -> Any:
        return self.server.rows()


class Guest:
    """Somebody who reads along until the right to do so is taken away."""

    def __init__(self, name: str, front: Front, room_id: int) -> None:
        self.name = name
        self.front = front
        self.room_id = room_id
        self.streams: list[StreamReader] = []
        self.last_allowed: int | None = None  # the last message that was there when the right had ended

    def check(self) -> None:
        for stream in self.streams:
            assert not stream.with_text("Traceback")
            if self.last_allowed is not None:
                seen = [
                    int(key) for event in stream.events if event.id for key in MESSAGE.findall(event.data)
                ]
                late = [key for key in seen if key > self.last_allowed]
                assert not late, f"{self.name} still got {late}, which was said after {self.last_allowed}"


class Round:
    """One room, and what befalls those who talk in it."""

    def __init__(self, seed: int, site: "Site", steps: int = STEPS) -> None:
        self.random = random.Random(seed)
        self.site = site
        self.fronts = site.fronts
        self.redis = site.redis
        self.postgresql = site.postgresql
        self.steps = steps
        self.crowd = Crowd(*self.fronts, name=f"Round {seed} {secrets.token_hex(3)}", patience=120)
        self.guests: list[Guest] = []
        self.stack = AsyncExitStack()

    async def run(self, say: Callable[[str], None]) -> None:
        faults: list[Callable[[], Awaitable[None]]] = [
            self.kill, self.kill_both, self.pause, self.terminate, self.stop_redis, self.pause_redis,
            self.flush_redis, self.cut, self.lose_answers, self.move_clock, self.stall,
            self.leave, self.remove, self.ban, self.log_out, self.purge_session, self.set_password,
            self.deactivate, self.delete_person, self.delete_room,
        ]  # fmt: skip
        if self.postgresql:
            faults += [self.restart_postgresql, self.drop_connections, self.pause_postgresql]
        else:
            faults.append(self.lock)
        async with self.stack, self.crowd as crowd:
            for _step in range(self.steps):
                fault = self.random.choice(faults)
                began = time.monotonic()
                await fault()
                await crowd.more_messages(self.random.randrange(1, 6))
                say(f"  {fault.__name__:<20} {time.monotonic() - began:5.1f} s")
            await crowd.check()
            await self.check_state()
            for guest in self.guests:
                guest.check()

    async def check_state(self) -> None:
        """A page that was open through all of it shows what one shows that is loaded now."""
        for page in self.crowd.pages:
            await eventually(self.crowd.is_idle, 10)

            async def differences(page: LivePage = page) -> str:
                fresh = await page.client.room(self.crowd.room_id)
                if page.page.messages != fresh.messages[-len(page.page.messages) :]:
                    return "messages"
                if page.page.cursor != fresh.cursor:
                    return f"cursor: {page.page.cursor}, not {fresh.cursor}"
                preview = f"room-{self.crowd.room_id}-preview"
                if page.page.text(preview).split(":")[-1] != fresh.text(preview).split(":")[-1]:
                    return f"list of chats: {page.page.text(preview)}, not {fresh.text(preview)}"
                return ""

            deadline = time.monotonic() + 30
            while found := await differences():
                assert time.monotonic() < deadline, (
                    f"a page is not as it would be if it was loaded now: {found}"
                )
                await asyncio.sleep(0.3)

    # What befalls servers

    def one(self) -> Front:
        return self.random.choice(self.fronts)

    async def _again(self, *fronts: Front) -> None:
        await asyncio.gather(*(asyncio.to_thread(front.server.start) for front in fronts))

    async def kill(self) -> None:
        front = self.one()
        front.server.kill()
        await self._again(front)

    async def kill_both(self) -> None:
        for front in self.fronts:
            front.server.kill()
        await self._again(*self.fronts)

    async def terminate(self) -> None:
        front = self.one()
        code = await asyncio.to_thread(front.server.stop)
        assert code == 0, f"ended with {code}: {front.server.log[-500:]}"
        await self._again(front)

    async def pause(self) -> None:
        process = self.one().server.process
        assert process
        process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(self.random.uniform(0.2, 3))
        process.send_signal(signal.SIGCONT)

    async def stop_redis(self) -> None:
        self.redis.stop(self.random.choice([signal.SIGKILL, signal.SIGTERM]))
        await asyncio.sleep(self.random.uniform(0, 3))
        self.redis.start()

    async def pause_redis(self) -> None:
        self.redis.send(signal.SIGSTOP)
        await asyncio.sleep(self.random.uniform(0.2, 4))
        self.redis.send(signal.SIGCONT)

    async def flush_redis(self) -> None:
        self.redis.say("FLUSHALL")
        self.redis.say("CLIENT", "KILL", "TYPE", "pubsub")

    async def cut(self) -> None:
        proxy = self.one().proxy
        await asyncio.to_thread(proxy.cut)
        await asyncio.sleep(self.random.uniform(0, 2))
        proxy.mend()

    async def lose_answers(self) -> None:
        proxy = self.one().proxy
        proxy.loses = self.random.uniform(0.1, 0.9)
        await self.crowd.more_messages(3)
        proxy.loses = 0.0

    async def move_clock(self) -> None:
        """To and fro by less than sessions last."""
        self.site.clock.write_text(str(self.random.uniform(-2, 2) * DAY))

    async def stall(self) -> None:
        """They open streams, and read no more than that they are open."""
        client = self.crowd.clients[0]
        for _reader in range(20):
            with contextlib.suppress(OSError):
                stream = await client.stream(self.crowd.room_id, receive_buffer=4096)
                await self.stack.enter_async_context(stream)

    async def lock(self) -> None:
        path = self.fronts[0].server.folder / "hearth.sqlite3"
        with contextlib.closing(
            sqlite3.connect(path, autocommit=True, timeout=60, check_same_thread=False)
        ) as database:
            await asyncio.to_thread(database.execute, "BEGIN EXCLUSIVE")
            await asyncio.sleep(self.random.uniform(0.2, 7))
            database.execute("ROLLBACK")

    async def pause_postgresql(self) -> None:
        assert self.postgresql
        with self.postgresql.hanging():
            await asyncio.sleep(self.random.uniform(0.2, 20))

    async def restart_postgresql(self) -> None:
        assert self.postgresql
        await asyncio.to_thread(self.postgresql.restart)

    async def drop_connections(self) -> None:
        assert self.postgresql
        with self.postgresql.connect() as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            )

    # What befalls people

    async def leave(self) -> None:
        await self._take_away(lambda client, room_id: client.leave(room_id))

    async def remove(self) -> None:
        await self._take_away(lambda client, _room_id: self._moderate(client, "remove"))

    async def ban(self) -> None:
        await self._take_away(lambda client, _room_id: self._moderate(client, "ban"))

    async def _moderate(self, client: ChatClient, what: str) -> None:
        owner = self.crowd.clients[0]
        path = f"/rooms/{self.crowd.room_id}/members/{await owner.id_of(client.name)}/{what}/"
        assert (await owner.send(path, reason="", duration="hour")).status_code == 302

    async def log_out(self) -> None:
        await self._take_away(lambda client, _room_id: client.log_out())

    async def purge_session(self) -> None:
        async def purge(client: ChatClient, _room_id: int) -> None:
            await self._command(
                "Session.objects.filter(login_session__user__username='{name}').delete()", client.name
            )

        await self._take_away(purge, is_told=False)

    async def delete_person(self) -> None:
        async def delete(client: ChatClient, _room_id: int) -> None:
            await self._command("User.objects.get(username='{name}').delete()", client.name)

        await self._take_away(delete)

    async def delete_room(self) -> None:
        """It is one that the guest made."""

        async def delete(client: ChatClient, _room_id: int) -> None:
            await self._command("ChatRoom.objects.get(name='Own {name}').delete()", client.name)

        await self._take_away(delete, has_own_room=True)

    async def _command(self, code: str, name: str) -> None:
        imports = (
            "from accounts.models import User; from django.contrib.sessions.models import Session;"
            "from rooms.models import ChatRoom;"
        )
        server = self.fronts[0].server
        await asyncio.to_thread(server.manage, "shell", "-c", imports + code.format(name=name))

    async def set_password(self) -> None:
        async def change(client: ChatClient, _room_id: int) -> None:
            password = secrets.token_hex(10)
            # The window in which it is done goes on; the other one ends.
            async with ChatClient(client.url, client.name) as elsewhere:
                answer = await elsewhere.send(
                    "/settings/password/", new_password=password, repeated_password=password
                )
                answer.raise_for_status()

        await self._take_away(change)

    async def deactivate(self) -> None:
        """No doorbell rings for it: what counts is that the next look finds it."""

        async def change(client: ChatClient, room_id: int) -> None:
            with self.fronts[0].rows() as rows:
                rows.execute(
                    "UPDATE accounts_user SET is_active = ? WHERE username = ?", [False, client.name]
                )
                rows.execute(
                    "DELETE FROM rooms_membership WHERE room_id = ? AND user_id ="
                    " (SELECT id FROM accounts_user WHERE username = ?)",
                    [room_id, client.name],
                )

        await self._take_away(change)

    async def _take_away(
        self,
        how: Callable[[ChatClient, int], Awaitable[None]],
        *,
        is_told: bool = True,
        has_own_room: bool = False,
    ) -> None:
        """Let a guest read along in both processes, and then do `how`, after which nothing more may come.

        It may for some moments where nobody `is_told`. In a room of the guest's own nothing is said.
        """
        front, other = self.random.sample(self.fronts, 2)
        name = f"guest{secrets.token_hex(3)}"
        try:
            client = await self.stack.enter_async_context(ChatClient(front.url, name))
            room_id = await client.create_room(f"Own {name}") if has_own_room else self.crowd.room_id
            await client.room(room_id)
            guest = Guest(name, front, room_id)
            for place in (front, other):
                client.url = place.url
                stream = await client.stream(guest.room_id)
                guest.streams.append(await self.stack.enter_async_context(stream))
                await stream.wait_for_event("level")
            client.url = front.url
            await self.crowd.more_messages(2)
            await how(client, guest.room_id)
        except (*UNKNOWN_OUTCOME, Refused, OSError, AssertionError):
            return  # something else was broken meanwhile, and nothing is known of what this did
        self.guests.append(guest)
        if is_told:
            with self.fronts[0].rows() as rows:
                guest.last_allowed = rows.execute("SELECT MAX(id) FROM rooms_message")[0][0] or 0
        for stream in guest.streams:
            await stream.wait_until_closed(20)


class Site:
    """Two processes with what they need, in a folder."""

    def __init__(self, folder: Path, *, is_sqlite: bool) -> None:
        self.stack = ExitStack()
        self.postgresql = None if is_sqlite else self.stack.enter_context(PostgreSQL())
        self.redis = self.stack.enter_context(Redis(free_port()))
        self.clock = folder / "clock"
        self.clock.write_text("0")
        url = self.postgresql.create("nemesis") if self.postgresql else ""
        options = {
            "DATABASE_URL": url,
            "REDIS_URL": self.redis.url,
            "HEARTBEAT_INTERVAL": "2",
            "LIMIT_POST_PER_USER": "off",
            "LIMIT_ROOM_PER_USER": "off",
            "CLOCK": str(self.clock),
        }
        self.fronts = []
        for number, program in enumerate(("daphne", "uvicorn")):
            server = Server(folder, program=program, fault="has_a_clock_of_its_own", **options)
            if number == 0 and not (is_sqlite and (folder / "hearth.sqlite3").exists()):
                server.manage("setup")
            self.stack.callback(server.kill)
            server.start()
            self.fronts.append(Front(server, self.stack.enter_context(Proxy(server.port))))

    async def check(self) -> None:
        """Nothing is left of a round: no complaint, no stream, no thread and no open file."""
        for front in self.fronts:
            server = front.server
            found = [line for line in server.log.splitlines() if COMPLAINT.search(line)]
            assert not found, found
            await eventually(lambda server=server: server.connections < 10, 60, "streams are closed")
            assert server.open_files < FILES_AT_REST
            assert server.threads < THREADS_AT_REST

    def __enter__(self) -> "Site":
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stack.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--rounds", type=int, default=0, help="no more than so many")
    parser.add_argument("--sqlite", action="store_true", help="without PostgreSQL")
    options = parser.parse_args()
    end = time.monotonic() + 60 * options.minutes
    failed = []
    rounds = 0

    def say(text: str) -> None:
        print(text, flush=True)

    with tempfile.TemporaryDirectory(prefix="hearth-nemesis-") as name, contextlib.ExitStack() as stack:
        site = stack.enter_context(Site(Path(name), is_sqlite=options.sqlite))
        while time.monotonic() < end and (not options.rounds or rounds < options.rounds):
            seed = options.seed + rounds
            rounds += 1
            say(f"round {rounds}, seed {seed}")
            one = Round(seed, site)
            try:
                asyncio.run(one.run(say))
                asyncio.run(site.check())
            except Exception:
                failed.append(seed)
                say(traceback.format_exc())
            else:
                say(f"  {len(one.crowd.acknowledged)} messages on {len(one.crowd.pages)} pages: all is well")
    say(f"{rounds} rounds, {len(failed)} failed{': --rounds 1 --seed ' + str(failed[0]) if failed else ''}")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
