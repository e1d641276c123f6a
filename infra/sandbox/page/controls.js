// Buttons and selects of a message. use(component, values) is a click; busy is the custom_id that is being answered.
import { here } from './api.js';
import { icon, make } from './dom.js';
import { memberItems, openMenu } from './menu.js';

const styles = ['', 'primary', 'secondary', 'success', 'danger'];
const waiting = () => make('span', { className: 'dots' }, make('i'), make('i'), make('i'));

// While one control is being answered none of the message's takes a click, but all keep the focus.
function state(component, context) {
  const busy = context.busy === component.custom_id;
  return {
    disabled: !!component.disabled,
    'aria-disabled': !!component.disabled || !!context.busy,
    'aria-busy': busy,
    className: busy ? ' busy' : '',
  };
}

export function button(component, context) {
  const emoji = component.emoji?.name && make('span', { className: 'emoji' }, component.emoji.name);
  if (component.style === 5)
    return make('a', { className: 'button link', href: component.url, target: '_blank', rel: 'noreferrer' }, emoji, component.label);
  const now = state(component, context);
  return make('button', {
    ...now, type: 'button', className: `button ${styles[component.style]}${now.className}`, data: { id: component.custom_id },
    onclick: () => context.busy || context.use(component),
  }, emoji, make('span', {}, component.label || ''), now['aria-busy'] && waiting());
}

const optionItem = option => ({
  value: option.value, label: option.label, description: option.description, emoji: option.emoji?.name, selected: !!option.default,
});

// What a select offers, and the words of its search field where it has one.
function choices(component, guild) {
  const chosen = new Set((component.default_values || []).map(value => value.id));
  const marked = items => items.map(item => ({ ...item, selected: chosen.has(item.value) }));
  switch (component.type) {
    case 3: return { items: component.options.map(optionItem), placeholder: 'Make a selection' };
    case 5: return { items: marked(memberItems(guild.members, guild.face)), placeholder: 'Select a member', search: 'Search members' };
    case 8: return {
      items: marked(guild.channels
        .filter(channel => !component.channel_types || component.channel_types.includes(channel.type))
        .map(channel => ({ value: channel.id, label: channel.name, icon: channel.type === 0 ? 'hash' : 'speaker' }))),
      placeholder: 'Select a channel', search: 'Search channels',
    };
    default: return { items: [], placeholder: 'Not available here' };
  }
}

function shownChoice(item) {
  return [item.image && make('img', { src: item.image, alt: '' }), item.emoji && make('span', { className: 'emoji' }, item.emoji),
    make('span', { className: 'label' }, item.label)];
}

// onpick(values) comes once a choice was made.
export function select(component, guild, properties, onpick) {
  const { items, placeholder, search } = choices(component, guild);
  const chosen = items.filter(item => item.selected);
  const label = component.placeholder || placeholder;
  const text = chosen.length > 1 ? [make('span', { className: 'label' }, chosen.map(item => item.label).join(', '))]
    : chosen.length ? shownChoice(chosen[0]) : [make('span', { className: 'label empty' }, label)];
  return make('button', {
    ...properties, type: 'button', className: `select${properties.className || ''}`, role: 'combobox', 'aria-haspopup': 'listbox',
    'aria-expanded': 'false', 'aria-label': chosen.length ? `${label}: ${chosen.map(item => item.label).join(', ')}` : label,
    data: { id: component.custom_id },
    onclick: event => properties['aria-disabled'] || openMenu(event.currentTarget, items, {
      label, search, max: component.max_values, onpick: picked => onpick(picked.map(item => item.value), picked),
    }),
  }, ...text, properties['aria-busy'] ? waiting() : icon('down'));
}

export function messageSelect(component, context) {
  return select(component, context.guild, state(component, context), values => context.use(component, values));
}

export function picture(item) {
  const { url, width, height } = item.media;
  const image = make('img', { src: here(url), alt: item.description || '', width: width || 500, height: height || 300 });
  return make('a', { href: here(url), target: '_blank', className: 'picture' }, image);
}
