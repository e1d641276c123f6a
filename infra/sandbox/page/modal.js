// A modal (callback 9) as a dialog; its submit is an interaction of type 5.
import { select } from './controls.js';
import { make } from './dom.js';
import { markdown } from './markdown.js';

const PARAGRAPH = 2;

// Each builder gives an element and value(), in the form of POST /control/interaction.

function textInput(component) {
  const required = component.required !== false;
  const field = make(component.style === PARAGRAPH ? 'textarea' : 'input', {
    value: component.value || '', placeholder: component.placeholder || '', required, maxLength: component.max_length || 4000,
    minLength: component.min_length || 0, id: `modal-${component.custom_id}`,
  });
  return { element: field, value: () => field.value };
}

function selection(component, guild) {
  const holder = make('div');
  let values = component.type === 3 ? component.options.filter(option => option.default).map(option => option.value)
    : (component.default_values || []).map(value => value.id);

  // The same select with what was chosen as its defaults.
  function draw() {
    const now = component.type === 3
      ? { ...component, options: component.options.map(option => ({ ...option, default: values.includes(option.value) })) }
      : { ...component, default_values: values.map(id => ({ id })) };
    holder.replaceChildren(select(now, guild, {}, picked => {
      values = picked;
      draw();
      holder.firstChild.focus();
    }));
  }

  draw();
  return { element: holder, value: () => values, wrong: () => component.required !== false && values.length === 0 };
}

// Radio group (21) or checkbox group (22).
function group(component) {
  const radio = component.type === 21;
  const inputs = component.options.map(option => make('input', {
    type: radio ? 'radio' : 'checkbox', name: component.custom_id, value: option.value, checked: !!option.default,
    required: radio && component.required !== false,
  }));
  const lines = component.options.map((option, i) => make('label', { className: 'choice' }, inputs[i],
    make('span', {}, option.label, option.description && make('small', {}, option.description))));
  const values = () => inputs.filter(input => input.checked).map(input => input.value);
  return { element: make('div', { role: radio ? 'radiogroup' : 'group' }, ...lines), value: () => radio ? values()[0] ?? null : values() };
}

function checkbox(component) {
  const input = make('input', { type: 'checkbox', checked: !!component.default, id: `modal-${component.custom_id}` });
  return { element: input, value: () => input.checked };
}

function build(component, guild) {
  switch (component.type) {
    case 4: return textInput(component);
    case 3: case 5: case 8: return selection(component, guild);
    case 21: case 22: return group(component);
    case 23: return checkbox(component);
    default: return { element: make('p', { className: 'small' }, `(a component of type ${component.type})`), value: () => null };
  }
}

export function createModal(app, dialog) {
  const form = dialog.querySelector('form');
  const [title, body, error] = [dialog.querySelector('h2'), dialog.querySelector('.body'), dialog.querySelector('.failure')];
  let id = null;
  let inputs = []; // {custom_id, value()}

  // A label with its component, or an older row with a text input.
  function line(component) {
    if (component.type === 10) return make('div', { className: 'text' }, ...markdown(component.content, app.guild));
    const inner = component.component || component.components[0];
    const built = build(inner, app.guild);
    inputs.push({ custom_id: inner.custom_id, ...built });
    const words = component.label || inner.label || '';
    const hint = component.description && make('span', { className: 'small' }, component.description);
    const single = built.element.id;
    built.element.setAttribute('aria-label', words);
    return make('div', { className: inner.type === 23 ? 'input check' : 'input' },
      make(single ? 'label' : 'p', single ? { htmlFor: single } : {}, words), hint, built.element);
  }

  form.addEventListener('submit', async event => {
    event.preventDefault();
    const wrong = inputs.find(input => input.wrong?.());
    error.textContent = wrong ? 'Please make a choice everywhere.' : '';
    if (wrong) return;
    const values = Object.fromEntries(inputs.map(input => [input.custom_id, input.value()]));
    const result = await app.use({ modal: id, values });
    if (result && (result.status === 200 || result.status === 202) && !result.refused) dialog.close();
    else error.textContent = 'Something went wrong. Try again.';
  });
  dialog.querySelector('.cancel').addEventListener('click', () => dialog.close());

  return {
    open(interaction, data) {
      id = interaction;
      inputs = [];
      error.textContent = '';
      title.textContent = data.title;
      body.replaceChildren(...data.components.map(line));
      dialog.showModal();
      body.querySelector('input, textarea, button')?.focus();
    },
  };
}
