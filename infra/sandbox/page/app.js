// A channel of the local Discord. One request waits at the control API until there is something new to show.
import { get, face, post } from './api.js';
import { createChannel } from './channel.js';
import { createComposer } from './composer.js';
import { createLook } from './look.js';
import { closeMenu, memberItems, openMenu } from './menu.js';
import { createModal } from './modal.js';
import { createTracker } from './tracker.js';
import { createVoice } from './voice.js';

const WAIT_MS = 25000;
const RETRY_MS = 1000;
const ORDINARY = 1799666563141185n; // permissions of a member without MANAGE_GUILD
const MANAGE_GUILD = 1n << 5n;
const $ = id => document.getElementById(id);

// What the parts share; view is the last answer of GET /control/view.
const app = { view: null, guild: null, channel: null, me: null, say, act, use, play, run, focusComposer, openModal };
const voice = createVoice(app, { channels: $('channels'), somebody: $('somebody'), mine: $('mine') });
const tracker = createTracker(app, $('tracker'));
const channel = createChannel(app, $('messages'));
const composer = createComposer(app, $('composer'));
const modal = createModal(app, $('modal'));
createLook({ theme: $('theme'), drawer: $('drawer'), shade: $('shade'), side: $('side'), main: $('main') });

// What somebody has to know, until the next thing works.
function say(words) {
  $('notice').textContent = words;
}

async function act(action) {
  try {
    const result = await action();
    say('');
    return result;
  } catch (error) {
    say(error.message);
    return null;
  }
}

// An interaction by the member that one plays; null where the local Discord itself did not take it.
function use(wish) {
  const permissions = $('manage').checked ? ORDINARY | MANAGE_GUILD : ORDINARY;
  return act(() => post('interaction', { user_id: app.me.id, permissions: String(permissions), ...wish }));
}

function run(command, options) {
  channel.run(command, options);
}

function openModal(result) {
  modal.open(result.interaction_id, result.response.data);
}

function focusComposer() {
  composer.focus();
}

function play(id) {
  localStorage.setItem('me', id);
  render();
}

// Bots are in voice like everybody; but nobody plays one.
function readGuild([guild]) {
  const members = guild.members.filter(member => !member.bot);
  return { ...guild, members, face: member => face(guild, member, 64) };
}

function renderHeads() {
  const { guild, me } = app;
  $('server-name').textContent = guild.name;
  $('icon').src = guild.icon ? `/icons/${guild.id}/${guild.icon}.png?size=128` : '/embed/avatars/0.png';
  $('channel-name').textContent = app.channel?.name || '';
  $('my-name').textContent = me.name;
  $('my-face').src = guild.face(me);
  document.title = `#${app.channel?.name || ''} · ${guild.name}`;
}

function render() {
  app.guild = readGuild(app.view.guilds);
  app.channel = app.guild.channels.find(other => other.type === 0);
  app.me = app.guild.members.find(member => member.id === localStorage.getItem('me')) || app.guild.members[0];
  renderHeads();
  voice.render();
  tracker.render();
  channel.render();
  composer.draw();
}

async function poll() {
  try {
    app.view = await get(`view?after=${app.view?.version ?? 0}&wait=${WAIT_MS}`);
  } catch {
    document.body.classList.add('away');
    await new Promise(resolve => setTimeout(resolve, RETRY_MS));
    return;
  }
  document.body.classList.remove('away');
  render();
}

// A page that nobody sees does not ask: browsers allow few connections to one address.
async function pollWhileVisible() {
  for (;;) {
    if (document.hidden) await new Promise(resolve => document.addEventListener('visibilitychange', resolve, { once: true }));
    await poll();
  }
}

$('me').addEventListener('click', event => {
  const items = memberItems(app.guild.members, app.guild.face)
    .map(item => ({ ...item, selected: item.value === app.me.id }));
  openMenu(event.currentTarget, items, { label: 'You are', search: 'Search members', onpick: ([{ value }]) => play(value) });
});
// Typing anywhere is typing into the composer.
document.addEventListener('keydown', event => {
  const elsewhere = event.target.closest('input, textarea, .menu, dialog, .side');
  if (event.key.length === 1 && event.key !== ' ' && !elsewhere && !event.ctrlKey && !event.metaKey && !event.altKey) composer.focus();
});
$('messages').addEventListener('scroll', () => closeMenu());
while (!app.view) await poll();
composer.focus();
pollWhileVisible();
