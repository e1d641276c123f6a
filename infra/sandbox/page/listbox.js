// A list to choose from: items are {value, label, description?, image?, icon?, emoji?, selected?, danger?}. The focus
// stays in the field or button that the list belongs to, which says by aria-activedescendant what is marked.
import { icon, make } from './dom.js';

let lists = 0;

function option(item, id, onpick) {
  const line = make('span', { className: 'label' }, item.label,
    item.description && make('span', { className: 'description' }, item.description));
  return make('li', {
    id, role: 'option', className: item.danger ? 'danger' : '', 'aria-selected': !!item.selected,
    onmousedown: event => event.preventDefault(), // or the field would lose the focus
    onclick: onpick,
  }, item.image && make('img', { src: item.image, alt: '' }), item.icon && icon(item.icon),
  item.emoji && make('span', { className: 'emoji' }, item.emoji), line, item.selected && icon('check'));
}

// onpick(item) is a click or pick(). owner() is the element with the focus.
export function createListbox(label, owner, onpick) {
  const name = `list-${++lists}`;
  const element = make('ul', { id: name, className: 'listbox', role: 'listbox', 'aria-label': label });
  let items = [];
  let marked = -1;

  function mark(index) {
    element.children[marked]?.classList.remove('marked');
    marked = index;
    const line = element.children[marked];
    line?.classList.add('marked');
    line?.scrollIntoView({ block: 'nearest' });
    if (line) owner().setAttribute('aria-activedescendant', line.id);
    else owner().removeAttribute('aria-activedescendant');
  }

  return {
    element,
    // The first is marked, or the one at an index, or none (-1).
    show(newItems, index = 0) {
      items = newItems;
      marked = -1;
      element.replaceChildren(...items.map((item, i) => option(item, `${name}-${i}`, () => onpick(item))));
      mark(index < items.length ? index : -1);
    },
    // True where the key was for the list.
    key(event) {
      const last = items.length - 1;
      const steps = { ArrowDown: marked === last ? 0 : marked + 1, ArrowUp: marked <= 0 ? last : marked - 1 };
      if (last < 0 || !(event.key in steps)) return false;
      mark(steps[event.key]);
      event.preventDefault();
      return true;
    },
    mark,
    marked: () => items[marked],
    first: () => items[0],
    size: () => items.length,
  };
}

// What is typed may be anywhere in a name; where it is a beginning comes first.
export function filter(items, typed) {
  const wanted = typed.trim().toLowerCase();
  const place = item => `${item.label}\n${item.also || ''}`.toLowerCase().indexOf(wanted);
  const found = items.filter(item => place(item) >= 0);
  return wanted ? found.sort((a, b) => Math.min(place(a), 1) - Math.min(place(b), 1)) : found;
}
