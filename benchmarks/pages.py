"""(d) Pages with few and many messages; (e) requests a second; (f) bytes of the first page; (g) a house."""

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from benchmarks.load import Load, http_answer
from benchmarks.report import Report
from benchmarks.servers import LOAD_PROCESSOR, PROCESSORS, Site, hearth, pinned, request
from tests.support.server import ROOT, Server
from tests.support.services import PostgreSQL

AMOUNTS = (10_000, 1_000_000)
HOUSES = ((200, 200, 1_000), (10_000, 2_000, 1_000_000))  # people, one room with all of them, messages
# Large databases take minutes to fill, so they are kept.
KEPT = ROOT / "var" / "benchmarks"
CLIENTS = 8
SECONDS = 5.0


def pages(report: Report) -> None:
    report.heading(f"(d) Pages with {AMOUNTS[0]:,} and {AMOUNTS[1]:,} messages, the same people and rooms")
    report.columns("", *(f"ms, {amount:,}" for amount in AMOUNTS), "slower", "queries")
    few, many = (_measured(report, amount) for amount in AMOUNTS)
    for name in few:
        (before, queries), (after, queries_after) = few[name], many[name]
        asked = str(queries) if queries == queries_after else f"{queries} / {queries_after}"
        report.row(name, f"{before:.1f}", f"{after:.1f}", f"{after / before:.2f}", asked)


def _measured(report: Report, amount: int) -> dict[str, tuple[float, int]]:
    found: dict[str, tuple[float, int]] = _kept(report, "scale", str(amount), amount)
    return found


def search(report: Report) -> None:
    amount = AMOUNTS[1]
    _found(report, "SQLite, beside LIKE", _kept(report, "searching", f"searching-{amount}", amount))


def search_postgresql(report: Report) -> None:
    amount = AMOUNTS[1]
    with PostgreSQL() as server, tempfile.TemporaryDirectory() as folder:
        Server(Path(folder), DATABASE_URL=server.url()).manage("setup")
        environment = {**os.environ, "DATA_DIR": folder, "DATABASE_URL": server.url()}
        _run(environment, "searching", "fill", str(amount))
        _found(report, "PostgreSQL, beside ILIKE", json.loads(_run(environment, "searching", "measure")))


def _found(report: Report, where: str, found: Any) -> None:
    lag, seconds = found["built"]
    size = found["sizes"]
    report.heading(f"(h) Searches in {AMOUNTS[1]:,} messages, with {where}")
    if lag:
        report.note(f"  building the index took {seconds:.0f} s of processor time here")
    share = (size["texts"] + size["index"]) / size["messages"]
    report.note(
        f"  messages {size['messages'] / 1e6:.0f} MB, their folded texts {size['texts'] / 1e6:.0f} MB, "
        f"the index {size['index'] / 1e6:.0f} MB: {share:.1f} times as much"
    )
    for who in ("searches", "of a newcomer"):
        report.columns(who, "found", "CPU ms", "ms", "plainly, ms")
        for name, (count, here, whole, plain) in found[who].items():
            report.row(name, count, f"{here:.1f}", f"{whole:.1f}", f"{plain:.1f}")


def house(report: Report) -> None:
    small, large = HOUSES
    report.heading(
        f"(g) {small[0]:,} people, {small[1]:,} rooms, {small[2]:,} messages; "
        f"and {large[0]:,} people, {large[1]:,} rooms, {large[2]:,} messages"
    )
    report.columns("", "ms, small", "ms, large", "times", "queries", "KB, large")
    few, many = (_kept(report, "houses", "-".join(map(str, size)), *size) for size in HOUSES)
    for name in few:
        (before, queries, _bytes), (after, queries_after, size) = few[name], many[name]
        asked = str(queries) if queries == queries_after else f"{queries} / {queries_after}"
        report.row(
            name,
            f"{before:.1f}",
            f"{after:.1f}",
            f"{after / before:.2f}",
            asked,
            f"{size / 1000:.1f}" if size else "",
        )


def _kept(report: Report, module: str, name: str, *amounts: int) -> Any:
    """Return what `module` measures in a database that it filled, now or earlier."""
    folder = KEPT / name
    environment = {**os.environ, "DATA_DIR": str(folder), "DATABASE_URL": ""}
    if not (folder / "filled").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        report.note(f"  filling {amounts[-1]:,} messages into {folder.relative_to(ROOT)}, which is kept")
        Server(folder, DATABASE_URL="").manage("setup")
        _run(environment, module, "fill", *map(str, amounts))
        (folder / "filled").touch()
    Server(folder, DATABASE_URL="").manage("setup")
    with pinned(PROCESSORS[0]):
        return json.loads(_run(environment, module, "measure"))


def _run(environment: dict[str, str], module: str, *arguments: str) -> str:
    command = [sys.executable, "-m", f"benchmarks.{module}", *arguments]
    return subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def requests(report: Report) -> None:
    report.heading(f"(e) Requests a second of {CLIENTS} browsers that ask without a pause, {SECONDS:g} s")
    report.columns("", "trivial", "room page", "p95 ms")
    for program in ("daphne", "uvicorn"):
        with hearth(program, CLIENTS, CLIENTS) as site:
            _say_something(site)
            trivial, _p95 = _asked(site, "/own/1.css")
            room, p95 = _asked(site, site.room)
        report.row(site.name, f"{trivial:.0f}", f"{room:.0f}", f"{1000 * p95:.0f}")


def _say_something(site: Site) -> None:
    """Fill a page of the room."""
    with Load(site.port, site.pattern) as load:
        site.add_writers(load, CLIENTS)
        load.post(50, 1)


def _asked(site: Site, path: str) -> tuple[float, float]:
    with pinned(LOAD_PROCESSOR), Load(site.port, site.pattern) as load:
        for session in site.sessions:
            load.add_writer(lambda _number, session=session: request("GET", path, session), http_answer)
        began = time.monotonic()
        result = load.post(None, SECONDS)
        answers = sorted(result.answers)
        return result.posted / (time.monotonic() - began), answers[int(0.95 * len(answers))]


def first_page(report: Report) -> None:
    report.heading("(f) Bytes of the first page, with 50 messages, as a browser gets them (br, gzip)")
    report.columns("", "bytes", "files")
    with hearth("daphne", 20, 1) as site:
        _say_something(site)
        page, plain = _get(site, site.room)
        kinds = {"html": [page]}
        for address in sorted(set(re.findall(r'(?:href|src)="(/(?:static|own)/[^"]+)"', plain.decode()))):
            size, _content = _get(site, address)
            kinds.setdefault(Path(address).suffix.lstrip("."), []).append(size)
    for kind, sizes in kinds.items():
        report.row(kind, f"{sum(sizes):,}", len(sizes))
    report.row("in all", f"{sum(map(sum, kinds.values())):,}", sum(map(len, kinds.values())))
    own = sum(path.stat().st_size for path in (ROOT / "static" / "js").glob("*.js"))
    served = _own_as_served()
    report.note(f"  our own scripts before compression: {served:,} bytes as served, {own:,} as written")


def _own_as_served() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from config.bundle import BUNDLES, minified

    return sum(len(minified(path).encode()) for path in BUNDLES if path.endswith(".js"))


def _get(site: Site, path: str) -> tuple[int, bytes]:
    """Return the number of bytes on the way, and the content."""
    import brotli

    asked = urllib.request.Request(
        f"http://127.0.0.1:{site.port}{path}",
        headers={"Accept-Encoding": "gzip, br", "Cookie": f"hearth_session={site.sessions[0]}"},
    )
    with urllib.request.urlopen(asked, timeout=30) as answer:
        content = answer.read()
        unpack = {"br": brotli.decompress, "gzip": gzip.decompress}.get(
            answer.headers["Content-Encoding"], bytes
        )
        return len(content), unpack(content)
