// make('p', { className: 'x' }, 'text', node): an element with properties and children. Text is never read as HTML.
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter(child => child !== null && child !== undefined));
  return element;
}

// Puts new children in only where something changed, so that focus and open menus survive a refresh.
export function refresh(element, version, build) {
  const text = JSON.stringify(version);
  if (element.dataset.version === text) return false;
  element.dataset.version = text;
  element.replaceChildren(...build());
  return true;
}
