// A message's components (V2) as elements. context: {guild, busy, use(component, values)}.
import { here } from './api.js';
import { button, messageSelect, picture } from './controls.js';
import { make } from './dom.js';
import { markdown } from './markdown.js';

const colour = number => '#' + number.toString(16).padStart(6, '0');

function container(component, context) {
  const box = make('div', { className: 'container' }, ...renderComponents(component.components, context));
  if (component.accent_color !== undefined && component.accent_color !== null) box.style.borderLeftColor = colour(component.accent_color);
  return box;
}

function separator(component) {
  const size = component.spacing === 2 ? 'wide' : '';
  return component.divider === false ? make('div', { className: `gap ${size}` }) : make('hr', { className: size });
}

function section(component, context) {
  return make('div', { className: 'section' }, make('div', {}, ...renderComponents(component.components, context)),
    ...renderComponents([component.accessory], context));
}

function file(component) {
  const name = component.name || here(component.file.url).split('/').pop();
  return make('a', { className: 'file', href: here(component.file.url), target: '_blank' }, name);
}

function renderComponent(component, context) {
  switch (component.type) {
    case 1: return make('div', { className: 'row' }, ...renderComponents(component.components, context));
    case 2: return button(component, context);
    case 3: case 5: case 6: case 7: case 8: return messageSelect(component, context);
    case 9: return section(component, context);
    case 10: return make('div', { className: 'text' }, ...markdown(component.content, context.guild));
    case 11: return picture(component);
    case 12: return make('div', { className: 'gallery' }, ...component.items.map(picture));
    case 13: return file(component);
    case 14: return separator(component);
    case 17: return container(component, context);
    default: return make('p', { className: 'small' }, `(a component of type ${component.type})`);
  }
}

export function renderComponents(list, context) {
  return list.map(component => renderComponent(component, context));
}
