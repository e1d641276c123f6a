// A channel of the local Discord: asks the control API for everything, twice a second.
import { get, post } from './api.js';
import { make, refresh } from './dom.js';
import { renderMessage } from './message.js';
import { moveSomebody, move, renderChannels, renderMembers } from './voice.js';

const ranges = [
  ['', 'This month (default)'], ['today', 'Today'], ['past_24h', 'Past 24 hours'], ['past_72h', 'Past 72 hours'],
  ['past_7d', 'Past 7 days'], ['past_14d', 'Past 14 days'], ['this_month', 'This month'], ['this_year', 'This year'],
  ['all_time', 'All time'],
];
const $ = id => document.getElementById(id);
const me = () => $('me').value;
let guild;

// Whatever is done: show what went wrong, then show what is true now.
async function act(action) {
  try {
    await action();
    $('error').textContent = '';
  } catch (error) {
    $('error').textContent = error.message;
  }
  await update();
}

async function use(body) {
  const result = await post('interaction', { user_id: me(), ...body });
  if (result.status !== 200 && result.status !== 202)
    throw new Error(`The application did not respond (${result.error || result.status})`);
  if (result.refused) throw new Error(`Discord refused the answer: ${result.refused}`);
}

function onUse(message, component, values) {
  act(() => use({ message_id: message.id, custom_id: component.custom_id, values }));
}

function renderState(state) {
  guild = state.guilds[0];
  $('server-name').textContent = guild.name;
  $('icon').src = guild.icon ? `/icons/${guild.id}/${guild.icon}.png?size=64` : '/embed/avatars/0.png';
  $('channel-name').textContent = guild.channels.find(channel => channel.type === 0)?.name || '';
  renderMembers($('me'), guild);
  renderChannels($('channels'), guild, me, act);
  const watched = state.gateway.sessions.some(session => session.connected);
  $('tracker').textContent = watched ? '● tracker connected' : '○ no tracker connected';
  $('tracker').className = watched ? 'on' : '';
}

function renderMessages(messages) {
  const list = $('messages');
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  const known = new Map([...list.children].map(item => [item.dataset.id, item]));
  for (const message of messages) {
    const version = JSON.stringify(message);
    const old = known.get(message.id);
    known.delete(message.id);
    if (old?.dataset.version === version) continue;
    const item = renderMessage(message, onUse);
    item.dataset.version = version;
    if (old) old.replaceWith(item);
    else list.append(item);
  }
  known.forEach(item => item.remove());
  if (atEnd) list.scrollTop = list.scrollHeight;
}

async function update() {
  const [state, channel] = await Promise.all([get('state'), get('messages')]);
  renderState(state);
  renderMessages(channel.messages);
}

async function poll() {
  try {
    await update();
  } catch {
    $('tracker').textContent = 'The local Discord does not answer.';
  }
  setTimeout(poll, 500);
}

refresh($('range'), ranges, () => ranges.map(([value, label]) => make('option', { value }, label)));
$('composer').addEventListener('submit', event => {
  event.preventDefault();
  const range = $('range').value;
  act(() => use({ command: 'leaderboard', options: range ? { time_range: range } : {} }));
});
$('leave').addEventListener('click', () => act(() => move(me(), null)));
$('someone').addEventListener('click', () => act(() => moveSomebody(guild)));
poll();
