"""The log names neither contents nor private rooms, whatever fails, and has one line for each event."""

import re
import uuid

from tests.faults.test_sqlite import locked
from tests.support.clients import ChatClient, LivePage, eventually

CANARY = "canary7f3a"
LINE = re.compile(r"\d{4}-\d\d-\d\d [\d:,]+ (DEBUG|WARNING|ERROR|INFO) |Hearth is at")


async def test_contents_stay_out_of_the_log(start):
    server = start(DATABASE_TIMEOUT="0.1", LOG_LEVEL="DEBUG", HEARTBEAT_INTERVAL="1")
    async with ChatClient(server.url, "kim") as kim, ChatClient(server.url, "lou"):
        room_id = await kim.private_chat("lou")
        await kim.create_room(f"Room {CANARY}")
        async with await LivePage.open(kim, room_id) as page:
            sent = [(await kim.post(room_id, f"{CANARY} @lou"), f"{CANARY} @lou")]
            await page.wait_for_messages(sent)
            assert CANARY in (await kim.get(f"/search/?q={CANARY}+from:{CANARY}")).text
            form = {"content": CANARY, "token": str(uuid.uuid4())}
            with locked(server):
                answer = await kim.send(f"/rooms/{room_id}/messages/", **form)
                assert answer.status_code == 503
            refused = [
                await kim.send(f"/rooms/{room_id}/messages/", content=CANARY * 1000, token=""),
                await kim.send("/rooms/", name=f"Room {CANARY}"),
                await kim.send("/rooms/", **{f"{CANARY}{number}": "" for number in range(1100)}),
                await kim.get("/", Host=f"{CANARY}.example"),
                await kim.get(f"/rooms/999999/?before={CANARY}"),
                await kim.get(f"/{CANARY}"),
                await kim.get(f"/search/?q={40 * CANARY}"),
                await kim.get(f"/stream?{CANARY}={CANARY}"),
                await kim.get("/stream", Cookie=f"hearth_session={CANARY}"),
            ]
            assert all(answer.status_code >= 400 for answer in refused), [one.status_code for one in refused]
        await eventually(lambda: "Service Unavailable" in server.log)
    assert CANARY not in server.log
    assert kim.session not in server.log
    assert kim.csrf_token not in server.log
    assert [line for line in server.log.splitlines() if not LINE.match(line)] == []
