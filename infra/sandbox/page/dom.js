// make('p', { className: 'x' }, 'text', node): an element with properties and children. Text is never read as HTML.
// Names with a dash, and role, are attributes; data is the dataset; children that are null or false are left out.
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === 'data') Object.assign(element.dataset, value);
    else if (name.includes('-') || name === 'role') element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children.flat().filter(child => child !== null && child !== undefined && child !== false));
  return element;
}

const handlers = ['onclick', 'ondragstart', 'ondragend', 'ondragover', 'ondragleave', 'ondrop'];

function patchAttributes(old, fresh) {
  for (const name of old.getAttributeNames()) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const name of fresh.getAttributeNames()) {
    const value = fresh.getAttribute(name);
    // The page's security policy allows styles set by name only.
    if (name === 'style') old.style.cssText = fresh.style.cssText;
    else if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  for (const name of handlers) old[name] = fresh[name];
}

const fits = (old, fresh) => old.nodeName === fresh.nodeName && old.dataset?.key === fresh.dataset?.key;

// Makes old look like fresh and keeps its elements where they fit, so that focus, scrolling and pictures survive.
// Children of a list carry data-key; their order among each other may not change.
export function patch(old, fresh) {
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  patchAttributes(old, fresh);
  const wanted = [...fresh.childNodes];
  const keys = new Set(wanted.map(child => child.dataset?.key).filter(Boolean));
  for (const child of [...old.childNodes]) if (child.dataset?.key && !keys.has(child.dataset.key)) child.remove();
  let place = old.firstChild;
  for (const child of wanted) {
    if (place && fits(place, child)) {
      patch(place, child);
      place = place.nextSibling;
    } else {
      old.insertBefore(child, place);
      if (place && !place.dataset?.key) place = removeAndNext(place);
    }
  }
  while (place) place = removeAndNext(place);
}

function removeAndNext(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

const shapes = {
  speaker: 'M4 9v6h4l5 4V5L8 9H4zm12.5-1.5a6 6 0 0 1 0 9M18.8 5a9.5 9.5 0 0 1 0 14',
  hash: 'M10 4 8 20M17 4l-2 16M4.5 9h16M3.5 15h16',
  moon: 'M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z',
  sun: 'M12 7.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM12 2v2m0 16v2M2 12h2m16 0h2M5 5l1.4 1.4m11.2 11.2L19 19M5 19l1.4-1.4M17.6 6.4 19 5',
  stage: 'M12 12.5a2 2 0 1 0 0-4 2 2 0 0 0 0 4zm-4 7a4 4 0 0 1 8 0M6.3 14.6a7 7 0 1 1 11.4 0',
  cross: 'M6 6l12 12M18 6 6 18',
  plus: 'M12 5v14M5 12h14',
  down: 'M6 9.5l6 6 6-6',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  menu: 'M4 7h16M4 12h16M4 17h16',
  send: 'M4 12 20 4.5 16 20l-4.5-6L4 12zm7.5 2L20 4.5',
  eye: 'M2.5 12s3.5-6.5 9.5-6.5 9.5 6.5 9.5 6.5-3.5 6.5-9.5 6.5S2.5 12 2.5 12zm9.5 3a3 3 0 1 0 0-6 3 3 0 0 0 0 6z',
  leave: 'M13 4h6v16h-6M15 12H4m4-4-4 4 4 4',
  shuffle: 'M3 7h4l9 10h5m0 0-3-3m3 3-3 3M3 17h4l2.5-2.8M13.5 9.8 16 7h5m0 0-3-3m3 3-3 3',
};

export function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const path = document.createElementNS(svg.namespaceURI, 'path');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  path.setAttribute('d', shapes[name]);
  svg.append(path);
  return svg;
}

// A button that shows an icon alone; its name is read out and shown as a tooltip.
export function iconButton(name, label, onclick, className = '') {
  return make('button', { type: 'button', className: `plain ${className}`, title: label, 'aria-label': label, onclick }, icon(name));
}
