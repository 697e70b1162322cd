"""A week in some minutes: python -m tests.faults.soak [--minutes 10] [--people 16]

People read, post, edit, log out and come back, while the clock of the server goes on by a day seven times and
housekeeping is done all the time. What a process has is looked at again and again: the first third of the
time it warms up, and in the last third it may have 1.05 times what it had in the middle third at most. What
grows with messages is counted per message.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from statistics import median

from tests.support.clients import UNKNOWN_OUTCOME, ChatClient, Refused, StreamReader
from tests.support.server import Server

DAYS = 7
DAY = 24 * 60 * 60
SAMPLES = 60
MOST_GROWTH = 1.05
# Counts are small, so that one more is more than a twentieth.
SLACK = {"open files": 4, "threads": 2, "sessions": 4, "allowances": 8}
# What a person does next, and how often.
MIX = {
    "post": 60,
    "read": 15,
    "look": 10,
    "edit": 6,
    "reload": 5,
    "come back": 2,
    "make a room": 1,
    "settings": 1,
}
# Seconds, on average. A server that has more to do than it can would answer as luck has it.
PAUSE = 0.4

type Sample = Mapping[str, float]


class Person:
    """Somebody who has a page open and does one thing after the other."""

    def __init__(self, client: ChatClient, room_id: int, dice: random.Random, times: list[float]) -> None:
        self.client, self.room_id, self.dice, self.times = client, room_id, dice, times
        # Not a page that applies what comes: reading it would take longer here than writing it there.
        self.stream: StreamReader | None = None
        self.own: list[int] = []

    async def live(self) -> None:
        try:
            while True:
                if self.stream is None:
                    await self.client.get(f"/rooms/{self.room_id}/")
                    self.stream = await self.client.stream(self.room_id)
                [what] = self.dice.choices(list(MIX), list(MIX.values()))
                with suppress(Refused, *UNKNOWN_OUTCOME):
                    await self.do(what)
                await asyncio.sleep(self.dice.expovariate(1 / PAUSE))
        finally:
            await self.close()

    async def close(self) -> None:
        stream, self.stream = self.stream, None
        if stream:
            await stream.close()

    async def do(self, what: str) -> None:
        match what:
            case "post":
                began = time.monotonic()
                text = " ".join(
                    self.dice.choices(["house", "tea", "**garden**", "https://example.org", "🌱"], k=8)
                )
                self.own = [*self.own[-20:], await self.client.post(self.room_id, text)]
                self.times.append(time.monotonic() - began)
            case "read" if self.own:
                await self.client.mark_read(self.room_id, self.own[-1])
            case "look":
                await self.client.get("/")
            case "edit" if self.own:
                await self.client.send(
                    f"/messages/{self.dice.choice(self.own)}/edit/", content="said otherwise"
                )
            case "reload":
                await self.close()
            case "come back":
                await self.close()
                await self.client.log_out()
                await self.client.enter()
            case "make a room":
                # There are limits to that, which are what is tested here as well.
                await self.client.send("/rooms/", name=f"{self.client.name} {self.dice.random()}")
            case "settings":
                await self.client.get("/settings/")


def sample(server: Server, times: list[float]) -> Sample:
    """Return what there is now; of the times, those since the last sample."""
    with server.rows() as rows:
        [[messages]] = rows.execute("SELECT count(*) FROM rooms_message")
        [[sessions]] = rows.execute("SELECT count(*) FROM django_session")
        [[allowances]] = rows.execute("SELECT count(*) FROM accounts_allowance")
        [[pages]] = rows.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
    recent = sorted(times) or [0.0]
    times.clear()
    return {
        "memory": server.memory,
        "open files": server.open_files,
        "threads": server.threads,
        "sessions": sessions,
        "allowances": allowances,
        "database per message": pages / max(messages, 1),
        "time of a post": median(recent),
        "messages": messages,
    }


def judged(samples: Sequence[Sample]) -> dict[str, tuple[float, float, bool]]:
    """Return for each thing what there was in the middle and in the last third, and whether that is well."""
    third = len(samples) // 3
    found = {}
    for name in samples[0].keys() - {"messages"}:
        middle = median(one[name] for one in samples[third : 2 * third])
        last = median(one[name] for one in samples[2 * third :])
        found[name] = middle, last, last <= MOST_GROWTH * middle + SLACK.get(name, 0)
    return found


async def live_a_week(server: Server, seconds: float, people: int, seed: int) -> list[Sample]:
    clock = Path(server.environment["CLOCK"])
    times: list[float] = []
    samples = []
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(ChatClient(server.url, f"person{number}"))
            for number in range(people)
        ]
        room_ids = [
            await client.create_room(f"Room of {client.name}") for client in clients[: people // 4 or 1]
        ]
        tasks = [
            asyncio.create_task(
                Person(client, room_ids[number % len(room_ids)], random.Random(seed + number), times).live()
            )
            for number, client in enumerate(clients)
        ]
        began = time.monotonic()
        for number in range(1, SAMPLES + 1):
            await asyncio.sleep(max(0, began + seconds * number / SAMPLES - time.monotonic()))
            # A day at once: all that tells the time on pages changes with it, which is not what is looked at.
            clock.write_text(str(DAY * (DAYS * number // SAMPLES)))
            for task in tasks:
                if task.done():
                    task.result()
            samples.append(await asyncio.to_thread(sample, server, times))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return samples


def serve(folder: Path) -> Server:
    clock = folder / "clock"
    clock.write_text("0")
    return Server(folder, fault="lives_fast", DATABASE_URL="", CLOCK=str(clock), JOIN_BY_VISIT="yes")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--people", type=int, default=16)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hearth-soak-") as name, serve(Path(name)) as server:
        samples = asyncio.run(live_a_week(server, 60 * options.minutes, options.people, options.seed))
    print(f"{samples[-1]['messages']:,.0f} messages, seed {options.seed}\n")
    print(f"{'':24}{'start':>14}{'middle third':>16}{'last third':>14}{'end':>14}")
    found = judged(samples)
    for thing, (middle, last, is_well) in sorted(found.items()):
        numbers = (samples[0][thing], middle, last, samples[-1][thing])
        shown = [f"{number:,.4f}" if thing.startswith("time") else f"{number:,.0f}" for number in numbers]
        print(
            f"{thing:24}{shown[0]:>14}{shown[1]:>16}{shown[2]:>14}{shown[3]:>14}{'' if is_well else '  GREW'}"
        )
    return 0 if all(is_well for *_numbers, is_well in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
