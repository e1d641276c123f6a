// The channel list with everybody in voice, and what can be done there.
import { avatar, post } from './api.js';
import { make, refresh } from './dom.js';

const isVoice = channel => channel.type === 2 || channel.type === 13;

export function move(user_id, channel_id) {
  return post('voice', { user_id, channel_id });
}

// Some member, mostly one in voice already, goes to some channel or leaves.
export function moveSomebody(guild) {
  const pick = list => list[Math.floor(Math.random() * list.length)];
  const people = guild.members.filter(member => !member.bot);
  const inside = people.filter(member => member.channel_id);
  const member = pick(inside.length > 3 && Math.random() < 0.6 ? inside : people.slice(0, 40));
  const channels = guild.channels.filter(channel => isVoice(channel) && channel.id !== member.channel_id);
  return move(member.id, member.channel_id && Math.random() < 0.4 ? null : pick(channels).id);
}

function memberItem(member, act) {
  const leave = make('button', {
    type: 'button', className: 'out', title: `Take ${member.name} out`, ariaLabel: `Take ${member.name} out`,
    onclick: () => act(() => move(member.id, null)),
  }, '×');
  return make('li', {}, make('img', { src: avatar(member, 32), alt: '' }), make('span', {}, member.name), leave);
}

function channelItem(guild, channel, me, act) {
  if (!isVoice(channel)) return make('div', { className: 'channel text' }, make('span', { className: 'hash' }, '#'), channel.name);
  const sign = channel.id === guild.afk_channel_id ? '☾' : channel.type === 13 ? '◉' : '♪';
  const join = make('button', { type: 'button', className: 'channel', onclick: () => act(() => move(me(), channel.id)) },
    make('span', { className: 'hash' }, sign), channel.name);
  const members = channel.members.map(id => guild.members.find(member => member.id === id));
  return make('div', {}, join, make('ul', {}, ...members.map(member => memberItem(member, act))));
}

export function renderChannels(element, guild, me, act) {
  refresh(element, guild.channels, () => guild.channels.map(channel => channelItem(guild, channel, me, act)));
}

export function renderMembers(element, guild) {
  const people = guild.members.filter(member => !member.bot);
  refresh(element, people.map(member => [member.id, member.name]), () =>
    people.map(member => make('option', { value: member.id }, member.name)));
}
