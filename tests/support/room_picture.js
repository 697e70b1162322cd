// Where the parts of a page are that stand between comments with their names, and what words are there.
({ page }) => {
  const { innerWidth, innerHeight } = window;
  const box = ({ x, y, width, height }) => ({ x, y, width, height });
  const isSeen = (rect) => rect.width > 3 && rect.height > 3 && rect.x >= 0 && rect.y >= 0
    && rect.right <= innerWidth + 1 && rect.bottom <= innerHeight + 1;
  const isClipped = (element) => (
    element && (getComputedStyle(element).clipPath === 'inset(50%)' || isClipped(element.parentElement))
  );
  const isShown = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true })
    && !isClipped(element);
  const isOnTop = ({ x, y, width, height }, element) => {
    const top = document.elementFromPoint(x + width / 2, y + height / 2);
    return top && (top.contains(element) || element.contains(top));
  };

  const parts = { [page]: box(document.getElementById('main').getBoundingClientRect()) };
  const open = [];
  const comments = document.createTreeWalker(document.body, NodeFilter.SHOW_COMMENT);
  while (comments.nextNode()) {
    const comment = comments.currentNode;
    const name = comment.data.slice(1);
    if (comment.data.startsWith('[')) open.push(comment);
    if (!comment.data.startsWith(']')) continue;
    const range = document.createRange();
    range.setStartAfter(open.pop());
    range.setEndBefore(comment);
    const within = [...document.querySelectorAll('body *')].filter((element) => (
      range.comparePoint(element, 0) === 0 && isShown(element) && isSeen(element.getBoundingClientRect())
    ));
    const isInMessage = range.startContainer.closest('[data-part=message]') !== null;
    if (!within.length || (name in parts && (!isInMessage || parts[name].isInMessage))) continue;
    const sides = within.map((element) => element.getBoundingClientRect());
    const [x, y] = ['x', 'y'].map((side) => Math.min(...sides.map((rect) => rect[side])));
    const [right, bottom] = ['right', 'bottom'].map((side) => Math.max(...sides.map((rect) => rect[side])));
    parts[name] = { x, y, width: right - x, height: bottom - y, isInMessage };
  }

  const words = [];
  const lines = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode;
    if (!text.data.trim() || !isShown(text.parentElement)) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    const rects = [...range.getClientRects()].filter(isSeen).filter((rect) => isOnTop(rect, text.parentElement));
    if (rects.length === 1 && rects[0].width > 8 && !text.parentElement.closest('pre')) {
      const size = Number.parseFloat(getComputedStyle(text.parentElement).fontSize);
      const plain = text.data.trim().replace(/\s+/g, ' ').replace(/\d\d:\d\d/, '12:34');
      words.push({ ...box(rects[0]), text: plain, size });
    } else {
      const end = text.parentElement.getBoundingClientRect().right;
      lines.push(...rects.map((rect) => ({ ...box(rect), width: Math.min(rect.width, end - rect.x) })));
    }
  }
  return { parts, words, lines };
}
