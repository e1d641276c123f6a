// One list that opens at a button: a select's options, a member's menu, a picker with a search field.
import { createListbox, filter } from './listbox.js';
import { make } from './dom.js';

let open = null;

export function closeMenu() {
  open?.close();
}

function place(panel, anchor) {
  const at = anchor.getBoundingClientRect();
  const gap = 4;
  panel.style.width = `${Math.min(Math.max(at.width, 240), innerWidth - 16)}px`;
  const below = innerHeight - at.bottom - gap - 8;
  const above = at.top - gap - 8;
  const up = below < Math.min(panel.scrollHeight, 320) && above > below;
  panel.style.maxHeight = `${Math.min(up ? above : below, 360)}px`;
  panel.style.left = `${Math.max(8, Math.min(at.left, innerWidth - panel.offsetWidth - 8))}px`;
  panel.style.top = `${up ? at.top - gap - panel.offsetHeight : at.bottom + gap}px`;
}

// A letter goes on to the next item that begins with it.
function jump(list, items, key) {
  const from = items.indexOf(list.marked()) + 1;
  const turned = [...items.slice(from), ...items.slice(0, from)];
  const found = turned.find(item => item.label.toLowerCase().startsWith(key.toLowerCase()));
  if (found) list.mark(items.indexOf(found));
}

// options: {label, search: words for the field's placeholder or none, max: how many may be chosen (1), onpick(items)}.
// With max above 1 a pick switches an item on or off, and onpick comes when the list is closed.
export function openMenu(anchor, items, options) {
  const again = open?.anchor === anchor;
  closeMenu();
  if (again) return;
  const many = (options.max || 1) > 1;
  const search = options.search && make('input', {
    type: 'text', placeholder: options.search, 'aria-label': options.search, role: 'combobox', 'aria-expanded': 'true',
    'aria-autocomplete': 'list', autocomplete: 'off', spellcheck: false,
  });
  let shown = items;
  let changed = false;
  const list = createListbox(options.label, () => search || list.element, choose);
  const panel = make('div', { className: 'menu', onkeydown, onfocusout }, search, list.element,
    search && make('p', { className: 'none', role: 'status' }));
  if (search) search.setAttribute('aria-controls', list.element.id);
  else list.element.tabIndex = 0;

  function show(index) {
    shown = search ? filter(items, search.value) : items;
    list.show(shown, index);
    if (search) panel.lastChild.textContent = shown.length ? '' : 'Nobody by that name';
  }

  function choose(item) {
    if (!many) {
      close();
      options.onpick([item]);
      return;
    }
    const chosen = items.filter(other => other.selected).length;
    if (!item.selected && chosen >= options.max) return;
    item.selected = !item.selected;
    changed = true;
    show(shown.indexOf(item));
  }

  function close(refocus = true) {
    if (open?.panel !== panel) return;
    open = null;
    anchor.setAttribute('aria-expanded', 'false');
    if (refocus) anchor.focus();
    panel.remove();
    removeEventListener('resize', closeMenu);
    if (changed) options.onpick(items.filter(item => item.selected));
  }

  function onkeydown(event) {
    if (list.key(event)) return;
    if (event.key === 'Enter' || (event.key === ' ' && !search)) {
      event.preventDefault();
      if (list.marked()) choose(list.marked());
    } else if (event.key === 'Escape' || event.key === 'Tab') {
      event.preventDefault();
      event.stopPropagation();
      close();
    } else if (!search && event.key === 'Home') list.mark(0);
    else if (!search && event.key === 'End') list.mark(shown.length - 1);
    else if (!search && event.key.length === 1) jump(list, shown, event.key);
  }

  function onfocusout(event) {
    if (!panel.contains(event.relatedTarget) && event.relatedTarget !== anchor) close(false);
  }

  if (search) search.oninput = () => show(0);
  // In a dialog everything outside of it is out of reach.
  (anchor.closest('dialog') || document.body).append(panel);
  open = { panel, anchor, close };
  anchor.setAttribute('aria-expanded', 'true');
  show(Math.max(0, items.findIndex(item => item.selected)));
  place(panel, anchor);
  (search || list.element).focus({ preventScroll: true });
  list.mark(Math.max(0, shown.findIndex(item => item.selected)));
  addEventListener('resize', closeMenu);
}

export const memberItems = (members, image) =>
  members.map(member => ({ value: member.id, label: member.name, also: member.username, description: member.username, image: image(member) }));
