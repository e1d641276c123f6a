// The channel list with everybody in voice, and what can be done there: by mouse, by keyboard, or by drag and drop.
import { post } from './api.js';
import { icon, iconButton, make, patch } from './dom.js';
import { memberItems, openMenu } from './menu.js';

const STAGE = 13;
const isVoice = channel => channel.type === 2 || channel.type === STAGE;
const dragged = 'application/x-vcledger-member';

function move(user_id, channel_id) {
  return post('voice', { user_id, channel_id });
}

// Some member, mostly one in voice already, goes to some channel or leaves.
function moveSomebody(guild) {
  const pick = list => list[Math.floor(Math.random() * list.length)];
  const inside = guild.members.filter(member => member.channel_id);
  const member = pick(inside.length > 3 && Math.random() < 0.6 ? inside : guild.members.slice(0, 40));
  const channels = guild.channels.filter(channel => isVoice(channel) && channel.id !== member.channel_id);
  return move(member.id, member.channel_id && Math.random() < 0.4 ? null : pick(channels).id);
}

export function createVoice(app, elements) {
  function openMember(event, member) {
    const elsewhere = app.guild.channels.filter(channel => isVoice(channel) && channel.id !== member.channel_id);
    const items = [
      ...elsewhere.map(channel => ({ value: channel.id, label: `Move to ${channel.name}`, icon: 'speaker' })),
      { value: 'out', label: 'Take out of voice', icon: 'leave', danger: true },
      { value: 'play', label: `Play ${member.name}`, icon: 'eye' },
    ];
    openMenu(event.currentTarget, items, { label: member.name, onpick: ([{ value }]) => {
      if (value === 'play') app.play(member.id);
      else app.act(() => move(member.id, value === 'out' ? null : value));
    } });
  }

  function openChannel(event, channel) {
    const outside = app.guild.members.filter(member => member.channel_id !== channel.id);
    openMenu(event.currentTarget, memberItems(outside, app.guild.face), {
      label: `Put somebody in ${channel.name}`, search: 'Search members',
      onpick: ([{ value }]) => app.act(() => move(value, channel.id)),
    });
  }

  function memberItem(member) {
    return make('li', {
      data: { key: member.id }, draggable: true,
      ondragstart: event => event.dataTransfer.setData(dragged, member.id),
    },
    make('button', {
      type: 'button', className: member.id === app.me.id ? 'plain member me' : 'plain member', 'aria-haspopup': 'listbox', 'aria-expanded': 'false',
      title: `${member.name}: move, take out`, onclick: event => openMember(event, member),
    }, make('img', { src: app.guild.face(member), alt: '', draggable: false }), make('span', { className: 'label' }, member.name)),
    iconButton('cross', `Take ${member.name} out of voice`, () => app.act(() => move(member.id, null)), 'out'));
  }

  function textChannel(channel) {
    const current = channel === app.channel;
    return make('div', { className: current ? 'channel text current' : 'channel text', data: { key: channel.id } },
      icon('hash'), make('span', { className: 'label' }, channel.name));
  }

  // Members can be dropped anywhere between this channel's name and its last member.
  function dropping(channel) {
    const mark = (event, on) => event.currentTarget.classList.toggle('target', on);
    return {
      ondragover: event => {
        if (!event.dataTransfer.types.includes(dragged)) return;
        event.preventDefault();
        mark(event, true);
      },
      ondragleave: event => event.currentTarget.contains(event.relatedTarget) || mark(event, false),
      ondrop: event => {
        event.preventDefault();
        mark(event, false);
        const id = event.dataTransfer.getData(dragged);
        app.act(() => move(id, channel.id));
      },
    };
  }

  function voiceChannel(channel) {
    const members = channel.members.map(id => app.guild.members.find(member => member.id === id)).filter(Boolean);
    const sign = channel.id === app.guild.afk_channel_id ? 'moon' : channel.type === STAGE ? 'stage' : 'speaker';
    const here = app.me.channel_id === channel.id;
    return make('div', { className: 'voice', data: { key: channel.id }, ...dropping(channel) },
      make('div', { className: 'line' },
        make('button', {
          type: 'button', className: 'plain channel', title: here ? 'You are here' : `Join ${channel.name}`,
          onclick: () => here || app.act(() => move(app.me.id, channel.id)),
        }, icon(sign), make('span', { className: 'label' }, channel.name)),
        make('span', { className: 'count' }, members.length || ''),
        make('button', {
          type: 'button', className: 'plain add', title: `Put somebody in ${channel.name}`, 'aria-label': `Put somebody in ${channel.name}`,
          'aria-haspopup': 'listbox', 'aria-expanded': 'false', onclick: event => openChannel(event, channel),
        }, icon('plus'))),
      make('ul', { 'aria-label': `In ${channel.name}` }, ...members.map(memberItem)));
  }

  function render() {
    const fresh = elements.channels.cloneNode(false);
    fresh.append(...app.guild.channels.map(channel => isVoice(channel) ? voiceChannel(channel) : textChannel(channel)));
    patch(elements.channels, fresh);
    const mine = app.guild.channels.find(channel => channel.id === app.me.channel_id);
    elements.mine.hidden = !mine;
    elements.mine.querySelector('.where').textContent = mine ? mine.name : '';
  }

  elements.somebody.addEventListener('click', () => app.act(() => moveSomebody(app.guild)));
  elements.mine.querySelector('button').addEventListener('click', () => app.act(() => move(app.me.id, null)));
  return { render };
}
