// A visit of two people in Firefox, each with a browser of their own, since only one window of a browser has the focus.
// It asks the test that started it (test_firefox.py) for what no browser does: a line out, a line back.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const puppeteer = createRequire(new URL('axe/', import.meta.url))('puppeteer-core');
const [url, executablePath, suffix] = process.argv.slice(2);
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const ask = async (...words) => {
  console.log(JSON.stringify(words));
  await answers.next();
};
const check = (what, isSo) => {
  if (!isSo) throw new Error(`not so: ${what}`);
};

const browsers = [];
class Person {
  async enter(name) {
    this.name = `${name}-${suffix}`;
    this.errors = [];
    // Firefox without a window says that it has no mouse, and pages leave the keyboard of phones closed.
    const extraPrefsFirefox = { 'ui.primaryPointerCapabilities': 6, 'ui.allPointerCapabilities': 6 };
    const browser = await puppeteer.launch({ browser: 'firefox', executablePath, extraPrefsFirefox });
    browsers.push(browser);
    this.page = await browser.newPage(); // the first one never has the focus
    await this.page.setViewport({ width: 1280, height: 800 });
    this.page.on('console', (message) => message.type() === 'error' && this.errors.push(message.text()));
    this.page.on('pageerror', (error) => this.errors.push(error.message));
    await this.page.goto(`${url}/login/`);
    await this.page.type('[name=name]', this.name);
    await this.page.keyboard.press('Enter');
    await this.sees('the lobby', () => document.documentElement.dataset.connection === 'connected');
    return this;
  }

  async sees(what, condition, ...given) {
    await this.page.waitForFunction(condition, { timeout: 20000, polling: 50 }, ...given).catch((error) => {
      throw new Error(`${this.name} does not see ${what}: ${error.message}`);
    });
  }

  readsLast = (text) => this.sees(text, (text) => {
    const last = [...document.querySelectorAll('.message .content')].at(-1);
    return last?.textContent.trim() === text;
  }, text);
  isLive = () => this.sees('a live page', () => document.documentElement.dataset.connection === 'connected');
  hasFocus = (id) => this.sees(`the focus in ${id}`, (id) => document.activeElement.id === id, id);
  async open(address) {
    await this.page.goto(url + address);
    await this.isLive();
    await this.page.bringToFront();
  }

  press = (key) => this.page.keyboard.press(key);
  type = (text) => this.page.keyboard.type(text);
  get = (work, ...given) => this.page.evaluate(work, ...given);
}

const height = () => document.getElementById('content').offsetHeight;
const topOf = (text) => [...document.querySelectorAll('.message')]
  .find((message) => message.textContent.includes(text)).getBoundingClientRect().top;
const counts = (amount) => document.querySelectorAll('.message').length >= amount;

const visit = async () => {
  const [ada, ben] = await Promise.all([new Person().enter('ada'), new Person().enter('ben')]);

  // A room; what is typed, sent, delivered and read.
  await ada.page.click('.new-room summary');
  await ada.page.type('[name=name]', `Room of ${ada.name}`);
  await Promise.all([ada.page.waitForNavigation(), ada.press('Enter')]);
  const room = new URL(ada.page.url()).pathname;
  await ada.isLive();
  await ada.hasFocus('content');
  check('an empty box is valid', await ada.get(() => document.getElementById('content').matches(':valid')));
  await ben.open(room);
  await ada.type('Good mor');
  await ben.sees('that ada types', () => document.getElementById('typing').textContent.includes('is typing'));
  await ada.type('ning');
  await ada.press('Enter');
  await ben.readsLast('Good morning');
  await ada.readsLast('Good morning');
  await ada.sees('a tick for "read"', () => document.querySelector('.message .tick').dataset.state === 'read');

  // The box grows, by lines and by words.
  const low = await ada.get(height);
  await ada.type('One');
  await ada.page.keyboard.down('Shift');
  await ada.press('Enter');
  await ada.page.keyboard.up('Shift');
  const high = await ada.get(height);
  await ada.type('many words that need another line '.repeat(8));
  check('the box grows', low < high && high < await ada.get(height));
  await ada.press('Enter');
  await ada.sees('an empty box', () => document.getElementById('content').value === '');
  check('the box shrinks', await ada.get(height) === low);

  // Somewhere else: the badge, the title, and the way back to what is unread.
  await ben.open('/');
  await ada.type('Are you there?');
  await ada.press('Enter');
  const line = `#chats a[href^="${room}"]`;
  await ben.sees('a badge', (line) => document.querySelector(`${line} [data-part=unread]`)?.textContent === '1', line);
  await ben.sees('a number in the title', () => document.title.startsWith('(1)'));
  await Promise.all([ben.page.waitForNavigation(), ben.page.click(line)]);
  await ben.isLive();
  await ben.hasFocus('content');
  await ben.type('Yes');
  check('typing types', await ben.get(() => document.getElementById('content').value) === 'Yes');
  await ben.press('Enter');
  await ada.readsLast('Yes');
  await ben.page.goBack();
  await ben.sees('no badge', (line) => document.querySelector(line)
    && !document.querySelector(`${line} [data-part=unread]`), line);
  await ben.page.goForward();
  await ben.isLive();
  await ben.readsLast('Yes');

  // What is older comes above, what is new below, and what is read stays in its place.
  await ask('fill', room, ada.name);
  await ben.open(room);
  await ben.get(() => { document.getElementById('scroller').scrollTop = -1e6; });
  await ben.sees('older messages', counts, 60);
  await ben.get(() => { document.getElementById('scroller').scrollTop = -600; });
  const before = await ben.get(topOf, 'Line 50');
  await ada.type('One more');
  await ada.press('Enter');
  await ben.readsLast('One more');
  check('what is read keeps its place', Math.abs(await ben.get(topOf, 'Line 50') - before) <= 1);

  // Keys.
  await ben.press('F6');
  await ben.press('F6');
  const focused = () => document.activeElement.textContent;
  check('F6 leads to the newest message', (await ben.get(focused)).includes('One more'));
  await ben.press('ArrowUp');
  check('arrows go on from there', (await ben.get(focused)).includes('Line 60'));
  await ben.press('Escape');
  await ben.hasFocus('content');
  check(`no errors: ${[...ada.errors, ...ben.errors]}`, !ada.errors.length && !ben.errors.length);

  // The server dies and comes back: what was not sent is sent, once.
  await ask('kill');
  await ben.type('Into the dark');
  await ben.press('Enter');
  await ben.sees('why it was not sent', () => document.getElementById('notice').textContent.includes('no connection'));
  await ben.sees('that the connection is lost', () => document.documentElement.dataset.connection === 'reconnecting');
  await ask('start');
  await ben.isLive();
  await ada.isLive();
  await ada.readsLast('Into the dark');
  await ben.readsLast('Into the dark');
  const times = (text) => [...document.querySelectorAll('.message .content')]
    .filter((content) => content.textContent === text).length;
  check('it was sent once', await ada.get(times, 'Into the dark') === 1);
};

const closeAll = () => Promise.all(browsers.map((browser) => browser.close()));
await visit().finally(closeAll).catch((error) => {
  console.error(error.stack);
  process.exitCode = 1;
});
process.stdin.destroy();
