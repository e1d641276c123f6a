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
  // Held at the side of the button, wherever a search makes it shorter.
  if (up) panel.style.bottom = `${innerHeight - at.top + gap}px`;
  else panel.style.top = `${at.bottom + gap}px`;
}

const PAUSE_MS = 800;

// What is typed within a short time is the beginning of an item, as in any list of a browser. False: it was no text.
function createTypeahead(list) {
  let typed = '';
  let last = 0;
  return (key, items) => {
    if (performance.now() - last > PAUSE_MS) typed = '';
    if (key.length !== 1 || (key === ' ' && !typed)) return false;
    typed += key.toLowerCase();
    last = performance.now();
    const found = items.findIndex(item => item.label.toLowerCase().startsWith(typed));
    if (found >= 0) list.mark(found);
    return true;
  };
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
  const typeahead = createTypeahead(list);
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
    if (list.key(event) || (!search && typeahead(event.key, shown))) return;
    if (event.key === 'Enter' || (event.key === ' ' && !search)) {
      event.preventDefault();
      if (list.marked()) choose(list.marked());
    } else if (event.key === 'Escape' || event.key === 'Tab') {
      event.preventDefault();
      event.stopPropagation();
      close();
    } else if (!search && event.key === 'Home') list.mark(0);
    else if (!search && event.key === 'End') list.mark(shown.length - 1);
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
