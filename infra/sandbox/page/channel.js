// The channel's messages, and what becomes of clicks and commands. Discord waits three seconds for an application.
import { get } from './api.js';
import { patch } from './dom.js';
import { refreshStamps } from './markdown.js';
import { isVisible, renderAttempt, renderMessage } from './message.js';

const DEFERRED_UPDATE = 6;
const MODAL = 9;
const LONGEST_WAIT_MS = 60000;
const NEAR_END = 120;

// What Discord would say, or null where all is well.
function whatFailed(result, words) {
  if (result.status !== 200 && result.status !== 202) return words;
  return result.refused ? `${words} (Discord refused its answer: ${result.refused})` : null;
}

export function createChannel(app, list) {
  const busy = new Map(); // message id → custom_id
  const failed = new Map(); // message id → words
  const attempts = new Map(); // key → {command, timestamp, failed}
  const dismissed = new Set(JSON.parse(sessionStorage.getItem('dismissed') || '[]'));
  let version = '';
  let atEnd = true;
  let size = ''; // the list's, when it was last seen

  function dismiss(id) {
    dismissed.add(id);
    sessionStorage.setItem('dismissed', JSON.stringify([...dismissed]));
    attempts.delete(id);
    render();
    app.focusComposer();
  }

  function contextOf(message) {
    return {
      guild: app.guild, me: app.me, busy: busy.get(message.id), failed: failed.get(message.id),
      use: (component, values) => click(message, component, values), dismiss: () => dismiss(message.id),
    };
  }

  function render() {
    const shown = app.view.messages.filter(message => isVisible(message, app.me.id) && !dismissed.has(message.id));
    const now = JSON.stringify([shown, app.me.id, [...busy], [...failed], [...attempts]]);
    if (now === version) return;
    version = now;
    const items = shown.map(message => [Date.parse(message.timestamp), renderMessage(message, contextOf(message))]);
    for (const [key, attempt] of attempts)
      items.push([attempt.timestamp, renderAttempt(key, attempt, app.view.application, { ...contextOf({}), dismiss: () => dismiss(key) })]);
    const fresh = list.cloneNode(false);
    fresh.append(...items.sort((a, b) => a[0] - b[0]).map(([, item]) => item));
    const focused = document.activeElement;
    patch(list, fresh);
    // The last page has no next one: the focus goes to a neighbour instead of nowhere.
    if (focused.disabled && list.contains(focused)) focused.closest('.row, .body').querySelector('button:not(:disabled)')?.focus();
    stayAtEnd();
  }

  function stayAtEnd() {
    if (atEnd) list.scrollTop = list.scrollHeight;
  }

  // A deferred update shows nothing: the click is over when the message was edited, or answered in another one.
  async function finish(result) {
    if (result.response?.type !== DEFERRED_UPDATE) return null;
    const answer = await app.act(() => get(`answers/${result.interaction_id}?wait=${LONGEST_WAIT_MS}`));
    return answer?.thinking ? 'This interaction failed' : null;
  }

  async function click(message, component, values) {
    const button = component.type === 2;
    const wish = { message_id: message.id, custom_id: component.custom_id, ...(button ? {} : { values }) };
    let result = null;
    let words = null;
    busy.set(message.id, component.custom_id);
    failed.delete(message.id);
    try {
      render();
      result = await app.use(wish);
      words = result && (whatFailed(result, 'This interaction failed') || await finish(result));
    } finally {
      busy.delete(message.id);
      if (words) failed.set(message.id, words);
      render();
    }
    if (result && !words && result.response?.type === MODAL) app.openModal(result);
  }

  async function run(command, options) {
    const key = `attempt-${Date.now()}`;
    attempts.set(key, { command: command.name, timestamp: Date.now() });
    atEnd = true;
    render();
    const result = await app.use({ command: command.sub, options });
    const words = result && whatFailed(result, 'The application did not respond');
    if (words) attempts.get(key).failed = words;
    else attempts.delete(key);
    render();
    if (result && !words && result.response?.type === MODAL) app.openModal(result);
  }

  // A scroll that comes with another size is the browser's doing: nobody has left the end.
  const sizeNow = () => `${list.clientWidth} × ${list.clientHeight}`;
  list.addEventListener('scroll', () => {
    if (sizeNow() === size) atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < NEAR_END;
  });
  // Narrower is longer, and a phone's keyboard takes its room from the list.
  new ResizeObserver(() => {
    size = sizeNow();
    stayAtEnd();
  }).observe(list);
  setInterval(() => refreshStamps(list), 10000);
  return { render, run };
}
