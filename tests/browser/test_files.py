"""Files: chosen, dragged and pasted, sent while one goes on writing, and looked at."""

import io
import random
import re
import wave

import pytest
from PIL import Image
from playwright.sync_api import FilePayload, Locator, expect

from tests.browser.conftest import Person

POSTS = "**/messages/"
DROP = """([name, type, text, event]) => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([text], name, { type }));
  const options = { bubbles: true, cancelable: true, dataTransfer, clipboardData: dataTransfer };
  const made = event === 'paste' ? new ClipboardEvent(event, options) : new DragEvent(event, options);
  return !document.querySelector('#content').dispatchEvent(made);
}"""

FILM = """async () => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 48 });
  const pen = canvas.getContext('2d');
  const recorder = new MediaRecorder(canvas.captureStream(), { mimeType: 'video/webm' });
  const over = new Promise((resolve) => { recorder.ondataavailable = resolve; });
  recorder.start();
  for (let frame = 0; frame < 6; frame++) {
    pen.fillStyle = frame % 2 ? 'teal' : 'gold';
    pen.fillRect(0, 0, 64, 48);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  recorder.stop();
  return [...new Uint8Array(await (await over).data.arrayBuffer())];
}"""


def picture(name: str, width: int = 640) -> FilePayload:
    """A picture of many colours, which is not small."""
    pixels = random.Random(width).randbytes(width * 480 * 3)
    file = io.BytesIO()
    Image.frombytes("RGB", (width, 480), pixels).save(file, "PNG")
    return {"name": name, "mimeType": "image/png", "buffer": file.getvalue()}


def text(name: str, said: bytes = b"Minutes") -> FilePayload:
    return {"name": name, "mimeType": "text/plain", "buffer": said}


def sound(name: str) -> FilePayload:
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setparams((1, 1, 8000, 0, "NONE", ""))
        written.writeframes(random.Random(1).randbytes(1600))
    return {"name": name, "mimeType": "audio/wav", "buffer": file.getvalue()}


def choose(person: Person, label: str, *files: FilePayload) -> None:
    person.page.locator("#files-choice").get_by_label(label, exact=True).set_input_files(files)


def chosen(person: Person) -> Locator:
    return person.page.get_by_role("list", name="Chosen files").get_by_role("listitem")


def uploads(person: Person) -> Locator:
    return person.page.get_by_role("list", name="Files that are being sent").get_by_role("listitem")


def pictures(person: Person) -> Locator:
    return person.page.locator("#conversation").get_by_role("img")


@pytest.mark.accessibility("A76", "A77", "A79")
def test_files_are_sent_while_one_goes_on_writing_and_looked_at(ada, ben, room):
    ada.open_live(room)
    ben.open_live(room)
    posts = ada.hold(POSTS)
    ada.page.locator("#files-choice summary").press("Enter")
    expect(
        ada.page.get_by_text(re.compile("Up to 10 files, each of up to .* All your files together"))
    ).to_be_visible()
    choose(ada, "Photos", picture("cat.png"), picture("dog.png", 500))
    assert ada.page.evaluate(DROP, ["notes.txt", "text/plain", "Milk", "drop"])
    assert ada.page.evaluate(DROP, ["plan.pdf", "application/pdf", "%PDF-1.7", "paste"])
    expect(chosen(ada)).to_have_count(4)
    expect(chosen(ada).nth(2).get_by_text("May contain")).to_be_hidden()
    expect(chosen(ada).nth(3).get_by_text("May contain where and when")).to_be_visible()
    chosen(ada).first.get_by_label("What does it show?").fill("Our cat")
    ada.page.get_by_role("button", name="Remove: notes.txt").press("Enter")
    expect(ada.page.locator("#files-choice summary")).to_be_focused()
    ada.send("Look")
    expect(uploads(ada).locator("bdi")).to_have_text(["cat.png", "dog.png", "plan.pdf"])
    expect(uploads(ada).get_by_role("progressbar", name="dog.png")).to_be_visible()
    expect(ada.box).to_have_value("")
    expect(ada.box).to_be_focused()
    assert ada.page.evaluate("!dispatchEvent(new Event('beforeunload', { cancelable: true }))")
    posts.wait_for(1)
    ada.send("And this")
    posts.wait_for(2)
    posts.routes[1].continue_()
    ben.sees("And this")
    posts.routes[0].continue_()
    ben.sees("And this", "Look")
    expect(uploads(ada)).to_have_count(0)
    expect(pictures(ben)).to_have_count(2)
    expect(ben.scroller.get_by_role("link", name="plan.pdf")).to_be_visible()

    # Large, by the keyboard alone
    ben.page.get_by_role("link", name="Our cat", exact=True).focus()
    ben.page.keyboard.press("Enter")
    dialog = ben.page.get_by_role("dialog", name="Our cat")
    expect(dialog.get_by_role("img", name="Our cat")).to_have_js_property("naturalWidth", 640)
    ben.page.keyboard.press("ArrowRight")
    dialog = ben.page.get_by_role("dialog", name="Photo without a description")
    expect(dialog.get_by_role("img")).to_have_js_property("naturalWidth", 500)
    with ben.page.expect_download() as download:
        dialog.get_by_role("link", name="Download").press("Enter")
    assert download.value.suggested_filename == "dog.png"
    dialog.get_by_role("button", name="Previous").press("Enter")
    expect(ben.page.get_by_role("dialog", name="Our cat")).to_be_visible()
    ben.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(ben.page.get_by_role("link", name="Our cat", exact=True)).to_be_focused()


@pytest.mark.accessibility("A79", "A80")
def test_what_cannot_be_sent_comes_back(ada, ben, room):
    ada.page.set_viewport_size({"width": 360, "height": 640})
    ada.open_live(room)
    ada.page.locator("#files-choice summary").click()
    choose(ada, "Videos, audio and other files", text("notes.txt"), text("empty.txt", b""))
    expect(chosen(ada).nth(1)).to_contain_text("This file is empty.")
    ada.send("Look")
    remove = ada.page.get_by_role("button", name="Remove: empty.txt")
    expect(remove).to_be_focused()
    remove.press("Enter")
    choose(ada, "Photos", {"name": "broken.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\nno"})
    ada.box.press("Enter")
    expect(chosen(ada).nth(1)).to_contain_text("“broken.png”:")
    expect(chosen(ada)).to_have_count(2)
    expect(ada.box).to_have_value("Look")
    ada.page.get_by_role("button", name="Remove: broken.png").click()
    assert ada.page.evaluate("document.documentElement.scrollWidth") <= 360

    # A network that fails, and a change of mind
    posts = ada.hold(POSTS)
    ada.box.press("Enter")
    posts.wait_for(1)
    posts.routes[0].abort()
    expect(uploads(ada)).to_contain_text("Not sent: the connection was lost.")
    uploads(ada).get_by_role("button", name="Try again").click()
    posts.wait_for(2)
    uploads(ada).get_by_role("button", name="Cancel").click()
    expect(ada.box).to_have_value("Look")
    expect(chosen(ada)).to_have_count(1)
    ada.page.unroute_all(behavior="ignoreErrors")
    ada.box.press("Enter")
    ada.sees("Look")
    ben.open_live(room)
    ben.sees("Look")
    expect(ben.scroller.get_by_role("link", name="notes.txt")).to_have_count(1)


@pytest.mark.accessibility("A78")
def test_slow_network_shows_how_far_each_file_is_while_one_goes_on_writing(ada, ben, room):
    ada.open_live(room)
    ben.open_live(room)
    network = ada.context.new_cdp_session(ada.page)
    slow = {"offline": False, "latency": 50, "downloadThroughput": -1, "uploadThroughput": 150_000}
    network.send("Network.emulateNetworkConditions", slow)
    choose(
        ada,
        "Videos, audio and other files",
        text("notes.txt", b"x" * 50_000),
        text("log.txt", b"y" * 3_000_000),
    )
    ada.send("Look")
    expect(ada.page.locator("#uploads-said")).to_have_text("notes.txt: 100 percent sent")
    bars = uploads(ada).get_by_role("progressbar")
    expect(bars.first).to_have_js_property("value", 100)
    assert bars.last.evaluate("bar => bar.value") < 100
    ada.send("And this")
    ben.sees("And this")
    expect(uploads(ada).get_by_text("notes.txt 100 percent sent")).to_be_visible()
    ada.box.fill("Later")
    uploads(ada).get_by_role("button", name="Cancel").click()
    expect(uploads(ada)).to_have_count(0)
    expect(ada.box).to_have_value("Look\nLater")
    expect(chosen(ada)).to_have_count(2)
    network.send("Network.emulateNetworkConditions", {**slow, "latency": 0, "uploadThroughput": -1})
    ada.page.get_by_role("button", name="Remove: log.txt").click()
    ada.box.press("Enter")
    ben.sees("And this", "Look\nLater")


@pytest.mark.accessibility("A83")
def test_films_and_sounds_are_played_when_somebody_plays_them(ada, ben, room):
    ada.open_live(room)
    film: FilePayload = {
        "name": "film.webm",
        "mimeType": "video/webm",
        "buffer": bytes(ada.page.evaluate(FILM)),
    }
    choose(ada, "Videos, audio and other files", film, sound("bell.wav"))
    ada.box.press("Enter")
    ben.open_live(room)
    video, audio = ben.page.locator("video"), ben.page.locator("audio")
    expect(video).to_have_js_property("videoWidth", 64)  # its first picture
    for player in (video, audio):
        assert player.evaluate("player => player.paused && player.controls")
        player.evaluate("player => { player.muted = true; return player.play(); }")
        expect(player).to_have_js_property("ended", True)
    assert round(audio.evaluate("player => player.duration"), 1) == 0.2
    # Also by itself, where a policy lets it do nothing else
    ben.page.goto(str(video.evaluate("player => player.src")))
    expect(ben.page.locator("video")).to_have_js_property("videoWidth", 64)


def test_replies_have_files_on_their_page(ada, ben, room):
    ben.say(room, "Shall we?")
    replies = f"/messages/{ben.keys(room)[0]}/replies/"
    ada.open(replies)
    ada.page.locator("#files-choice summary").click()
    choose(ada, "Videos, audio and other files", text("empty.txt", b""), text("notes.txt"))
    choose(ada, "Photos", picture("cat.png"))
    chosen(ada).last.get_by_label("What does it show?").fill("Our cat")
    ada.page.get_by_role("button", name="Reply", exact=True).click()
    remove = ada.page.get_by_role("button", name="Remove: empty.txt")
    expect(remove).to_be_focused()
    remove.click()
    ada.page.get_by_role("button", name="Reply", exact=True).click()
    expect(ada.page.get_by_role("img", name="Our cat")).to_be_visible()
    expect(ada.page.get_by_role("link", name="notes.txt")).to_be_visible()


@pytest.mark.accessibility("A76", "A81")
def test_pictures_and_files_without_javascript(person, ben, room):
    dora = person("dora", java_script_enabled=False)
    dora.open(room)
    dora.page.locator("#files-choice summary").click()
    choose(dora, "Photos", picture("cat.png"))
    choose(dora, "Videos, audio and other files", text("notes.txt"))
    dora.page.get_by_label("What does the first photo show?").fill("Our cat")
    dora.page.get_by_role("textbox", name="Message").fill("Look")
    dora.page.get_by_role("button", name="Send").click()
    ben.open_live(room)
    expect(pictures(ben)).to_have_accessible_name("Our cat")
    expect(ben.scroller.get_by_role("link", name="notes.txt")).to_be_visible()
    dora.frame.get_by_role("link", name="Our cat", exact=True).click()
    expect(dora.page.get_by_role("heading", name="cat.png")).to_be_visible()
