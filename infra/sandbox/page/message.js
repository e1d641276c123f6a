// One message of the channel, with its components (V2). onUse(message, component, values) is a click.
import { avatar, here } from './api.js';
import { make } from './dom.js';
import { markdown } from './markdown.js';

const styles = ['', 'primary', 'secondary', 'success', 'danger', 'link'];

function picture(item) {
  const { url, width, height } = item.media;
  const image = make('img', { src: here(url), alt: item.description || '', width: width || 500, height: height || 300 });
  return make('a', { href: here(url), target: '_blank', className: 'picture' }, image);
}

function button(message, component, onUse) {
  if (component.style === 5) return make('a', { href: component.url, className: 'button link' }, component.label);
  return make('button', {
    type: 'button', className: 'button ' + styles[component.style], disabled: !!component.disabled,
    onclick: () => onUse(message, component),
  }, (component.emoji?.name || '') + (component.label || ''));
}

function select(message, component, onUse) {
  const options = component.options.map(option => make('option', {
    value: option.value, selected: !!option.default, title: option.description || '',
  }, option.label));
  if (!component.options.some(option => option.default))
    options.unshift(make('option', { value: '', selected: true, disabled: true }, component.placeholder || 'Make a choice'));
  return make('select', {
    disabled: !!component.disabled, ariaLabel: component.placeholder || 'Choice',
    onchange: event => onUse(message, component, [event.target.value]),
  }, ...options);
}

function part(message, component, onUse) {
  const inside = () => component.components.map(child => part(message, child, onUse));
  switch (component.type) {
    case 1: return make('div', { className: 'row' }, ...inside());
    case 2: return button(message, component, onUse);
    case 3: return select(message, component, onUse);
    case 9: return make('div', { className: 'section' }, make('div', {}, ...inside()), part(message, component.accessory, onUse));
    case 10: return make('div', { className: 'text' }, ...markdown(component.content));
    case 11: return picture(component);
    case 12: return make('div', { className: 'gallery' }, ...component.items.map(picture));
    case 14: return make('hr');
    case 17: {
      const box = make('div', { className: 'container' }, ...inside());
      if (component.accent_color) box.style.borderLeftColor = '#' + component.accent_color.toString(16).padStart(6, '0');
      return box;
    }
    default: return make('p', { className: 'small' }, `(component ${component.type})`);
  }
}

function thinking(name) {
  return make('p', { className: 'thinking' }, make('span', {}), make('span', {}), make('span', {}), ` ${name} is thinking…`);
}

export function renderMessage(message, onUse) {
  const author = message.author;
  const user = message.interaction_metadata.user;
  const time = new Date(message.timestamp).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
  const used = message.command && user && make('p', { className: 'used' },
    make('img', { src: avatar(user, 16), alt: '' }), make('b', {}, user.global_name || user.username), ' used ',
    make('code', {}, '/' + message.command));
  const body = message.thinking ? [thinking(author.username)]
    : [...markdown(message.content).filter(line => line.textContent), ...message.components.map(c => part(message, c, onUse))];
  const item = make('li', { className: message.flags & 64 ? 'message private' : 'message' }, used || null,
    make('img', { className: 'face', src: avatar(author, 64), alt: '' }),
    make('div', { className: 'body' },
      make('p', { className: 'head' }, make('b', {}, author.username), make('span', { className: 'tag' }, 'APP'),
        make('time', {}, time)),
      ...body,
      message.flags & 64 ? make('p', { className: 'small' }, 'Only you can see this') : null));
  item.dataset.id = message.id;
  return item;
}
