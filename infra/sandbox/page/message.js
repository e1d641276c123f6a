// One message of the channel. context as in components.js, and: me, failed: what went wrong with the last click,
// dismiss().
import { avatar } from './api.js';
import { renderComponents } from './components.js';
import { icon, make } from './dom.js';
import { markdown } from './markdown.js';

const EPHEMERAL = 64;
const thinking = name => make('p', { className: 'thinking', role: 'status' },
  make('span', { className: 'dots' }, make('i'), make('i'), make('i')), `${name} is thinking…`);

export function isVisible(message, me) {
  return !(message.flags & EPHEMERAL) || message.interaction_metadata.user?.id === me;
}

function usedLine(user, guild, command) {
  const member = guild.members.find(other => other.id === user.id);
  return make('p', { className: 'used' }, make('img', { src: member ? guild.face(member) : avatar(user, 32), alt: '' }),
    make('b', {}, member?.name || user.username), ' used ', make('code', {}, '/' + command));
}

// A click's answer stands under the message that was clicked.
function repliedLine(author) {
  return make('p', { className: 'used' }, make('img', { src: avatar(author, 32), alt: '' }), make('b', {}, author.username),
    make('span', { className: 'small' }, 'answered a click'));
}

function head(author, timestamp) {
  const date = new Date(timestamp);
  const time = date.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
  return make('p', { className: 'head' }, make('b', {}, author.username), make('span', { className: 'tag' }, 'APP'),
    make('time', { dateTime: date.toISOString(), title: date.toLocaleString('en-GB') }, time));
}

const privateLine = dismiss => make('p', { className: 'only-you' }, icon('eye'), 'Only you can see this · ',
  make('button', { type: 'button', className: 'inline', onclick: dismiss }, 'Dismiss message'));

const failure = words => make('p', { className: 'failure', role: 'alert' }, words);

export function renderMessage(message, context) {
  const { author } = message;
  const ephemeral = !!(message.flags & EPHEMERAL);
  const user = message.interaction_metadata.user;
  const used = user && (message.command ? usedLine(user, context.guild, message.command) : repliedLine(author));
  const body = message.thinking ? [thinking(author.username)]
    : [...(message.content ? markdown(message.content, context.guild) : []), ...renderComponents(message.components, context)];
  return make('li', {
    className: ephemeral ? 'message private' : 'message', data: { key: message.id }, 'aria-busy': message.thinking || !!context.busy,
  }, used,
  make('img', { className: 'face', src: avatar(author, 128), alt: '' }),
  make('div', { className: 'body' }, head(author, message.timestamp), ...body, context.failed && failure(context.failed),
    ephemeral && privateLine(context.dismiss)));
}

// A command on its way to the application, or one that it did not answer. Only the page knows of it.
export function renderAttempt(key, attempt, author, context) {
  const words = attempt.failed ? [failure(attempt.failed), privateLine(context.dismiss)]
    : [make('p', { className: 'thinking' }, 'Sending command…')];
  return make('li', { className: attempt.failed ? 'message private' : 'message sending', data: { key } },
    usedLine(context.me, context.guild, attempt.command),
    make('img', { className: 'face', src: avatar(author, 128), alt: '' }),
    make('div', { className: 'body' }, head(author, attempt.timestamp), ...words));
}
