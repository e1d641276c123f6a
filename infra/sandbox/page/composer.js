// The line at the bottom. "/" opens the list of commands; a chosen one becomes a chip, and its options fields behind it.
// All of it can be typed in one go, too: /vc leaderboard time_range:today
import { createListbox, filter } from './listbox.js';
import { flatten, matching, offered, parse, read } from './commands.js';
import { iconButton, make } from './dom.js';

export function createComposer(app, form) {
  const [panel, line] = [form.querySelector('.suggestions'), form.querySelector('.line')];
  const heading = panel.querySelector('.heading');
  const entry = form.querySelector('.entry');
  const list = createListbox('Suggestions', () => caret().input, pick);
  panel.append(list.element);
  let command = null;
  let fields = []; // {option, element, input, chosen: {value, label} or null}
  let isOpen = false;

  const commands = () => flatten(app.view.commands);
  const unused = () => command.options.filter(option => !fields.some(field => field.option === option));
  // The field that is being filled, or the entry behind them.
  const caret = () => fields.find(field => field.input === document.activeElement) || { input: entry };

  // Suggestions -------------------------------------------------------------------------------------------------

  function show(words, items, index) {
    heading.textContent = words;
    list.show(items, index);
    isOpen = !!words;
    panel.hidden = !isOpen;
    for (const input of [entry, ...fields.map(field => field.input)]) {
      input.setAttribute('aria-expanded', isOpen && input === caret().input);
      input.setAttribute('aria-controls', list.element.id);
    }
  }

  const close = () => show('', []);

  const commandItem = found => ({ kind: 'command', value: found, label: `/${found.name}`, description: found.description });
  const optionItem = option => ({ kind: 'option', value: option, label: option.name, description: option.description });

  function suggest() {
    const { option, input } = caret();
    if (option) {
      const items = filter(offered(option, app.guild), input.value).map(item => ({ ...item, kind: 'value' }));
      show(`${option.name} · ${option.description}`, items);
    } else if (command) {
      const items = unused().filter(other => other.name.startsWith(entry.value.trim())).map(optionItem);
      show(items.length ? `Options of /${command.name}` : '', items, entry.value.trim() ? 0 : -1);
    } else if (entry.value.startsWith('/')) {
      const items = matching(commands(), entry.value).map(commandItem);
      const none = commands().length ? 'No such command' : 'No command is registered yet: run build/handler --register';
      show(items.length ? 'Commands' : none, items);
    } else {
      close();
    }
  }

  function pick(item) {
    if (item.kind === 'value') {
      fill(caret(), item);
      return;
    }
    entry.value = '';
    if (item.kind === 'command') begin(item.value);
    else addField(item.value);
  }

  // The command and its options ---------------------------------------------------------------------------------

  // texts: what was typed for options, [option, text]. Required options stand there from the beginning.
  function begin(found, texts = []) {
    command = found;
    fields = [];
    goTo(entry);
    for (const [option, text] of texts) addField(option, text);
    for (const option of unused()) if (option.required) addField(option);
    if (!fields.length) draw();
  }

  function reset(text = '') {
    command = null;
    fields = [];
    entry.value = text;
    draw();
    goTo(entry);
  }

  function addField(option, text = '') {
    const input = make('input', {
      type: 'text', className: 'value', value: text, 'aria-label': `${option.name}: ${option.description}`, role: 'combobox',
      'aria-autocomplete': 'list', 'aria-expanded': 'false', autocomplete: 'off', spellcheck: false, maxLength: 100,
    });
    const remove = iconButton('cross', `Remove ${option.name}`, () => removeField(field));
    remove.tabIndex = -1; // Backspace does it on the keyboard
    const element = make('span', { className: 'field', data: { option: option.name } },
      make('span', { className: 'name' }, option.name), input, remove);
    const field = { option, input, element, chosen: read(option, text, app.guild) };
    fields.push(field);
    draw();
    goTo(input);
    return field;
  }

  function removeField(field) {
    fields = fields.filter(other => other !== field);
    draw();
    goTo(entry);
  }

  function fill(field, item) {
    field.chosen = item;
    field.input.value = item.label;
    draw();
    const empty = fields.find(other => !other.input.value);
    goTo(empty ? empty.input : entry);
  }

  // The chip and the fields stand before the entry.
  function draw() {
    const chip = command && make('span', { className: 'chip' }, `/${command.name}`);
    const wanted = [chip, ...fields.map(field => field.element)].filter(Boolean);
    for (const old of [...line.children]) if (old !== entry && !wanted.includes(old)) old.remove();
    wanted.forEach((element, i) => line.children[i] === element || line.insertBefore(element, line.children[i]));
    for (const field of fields) field.input.size = Math.max(field.input.value.length, 3);
    entry.placeholder = command ? '' : 'Type / for commands';
  }

  function goTo(input) {
    input.focus();
    input.setSelectionRange(input.value.length, input.value.length);
    suggest();
  }

  // Typing ------------------------------------------------------------------------------------------------------

  function onEntry() {
    const typed = command ? null : parse(commands(), entry.value);
    if (typed && (typed.texts.length || entry.value.endsWith(' '))) {
      entry.value = typed.rest;
      begin(typed.command, typed.texts);
    } else if (command) {
      const option = unused().find(other => entry.value.trim() === `${other.name}:`);
      if (option) pick(optionItem(option));
    }
    suggest();
  }

  // A space after a complete value ends it, unless a longer one begins like it.
  function onField(field) {
    const text = field.input.value;
    field.chosen = read(field.option, text, app.guild);
    const longer = offered(field.option, app.guild).filter(item => item.label.toLowerCase().startsWith(text.toLowerCase()));
    if (text.endsWith(' ') && field.chosen && longer.length === 0) fill(field, field.chosen);
    draw();
    suggest();
  }

  function submit() {
    if (!command) {
      const typed = parse(commands(), entry.value.trim());
      if (!typed || typed.rest) {
        app.say(entry.value.startsWith('/') ? 'No such command.' : 'Only commands here: type / to see them.');
        return;
      }
      entry.value = '';
      begin(typed.command, typed.texts);
    }
    const wrong = fields.find(field => !field.chosen);
    if (wrong || entry.value.trim()) {
      app.say(wrong ? `${wrong.option.name} needs a value.` : `/${command.name} has no option “${entry.value.trim()}”.`);
      (wrong?.element || entry).classList.add('wrong');
      goTo(wrong?.input || entry);
      return;
    }
    const options = Object.fromEntries(fields.map(field => [field.option.name, field.chosen.value]));
    app.run(command, options);
    reset();
  }

  // Keys --------------------------------------------------------------------------------------------------------

  // Enter takes the marked suggestion; where what was typed says it exactly, it sends.
  function onEnter() {
    const { option, input, chosen } = caret();
    const marked = isOpen && list.marked();
    if (option && chosen && (!marked || marked.label === input.value || String(marked.value) === chosen.value + '')) submit();
    else if (marked) pick(marked);
    else submit();
  }

  function onBackspace(event) {
    const { option, input } = caret();
    if (input.selectionStart !== 0 || input.selectionEnd !== 0 || (option && input.value)) return;
    if (option) removeField(caret());
    else if (fields.length) removeField(fields[fields.length - 1]);
    else if (command) reset(`/${command.name}`);
    else return;
    event.preventDefault();
  }

  // To the neighbouring field, from the end of this one.
  function onSideways(event, step) {
    const { input } = caret();
    const all = [...fields.map(field => field.input), entry];
    const next = all[all.indexOf(input) + step];
    const edge = step < 0 ? 0 : input.value.length;
    if (!next || input.selectionStart !== edge || input.selectionEnd !== edge) return;
    event.preventDefault();
    goTo(next);
  }

  form.addEventListener('keydown', event => {
    if (event.target.tagName !== 'INPUT' || event.isComposing || (isOpen && list.key(event))) return;
    if (event.key === 'Enter') {
      event.preventDefault();
      onEnter();
    } else if (event.key === 'Tab' && !event.shiftKey && isOpen && list.size()) {
      event.preventDefault();
      pick(list.marked() || list.first());
    } else if (event.key === 'Escape') {
      if (isOpen) close();
      else reset();
    } else if (event.key === 'Backspace') onBackspace(event);
    else if (event.key === 'ArrowLeft') onSideways(event, -1);
    else if (event.key === 'ArrowRight') onSideways(event, 1);
  });
  form.addEventListener('input', event => {
    event.target.parentElement.classList.remove('wrong');
    const field = fields.find(({ input }) => input === event.target);
    if (field) onField(field);
    else onEntry();
  });
  form.addEventListener('submit', event => {
    event.preventDefault();
    submit();
  });
  form.addEventListener('focusin', event => event.target.tagName === 'INPUT' && suggest());
  form.addEventListener('focusout', event => {
    if (!form.contains(event.relatedTarget)) close();
    const left = fields.find(({ input }) => input === event.target);
    left?.element.classList.toggle('wrong', !left.chosen && !!left.input.value);
  });
  line.addEventListener('click', event => event.target === line && goTo(entry));

  return { draw, focus: () => goTo(entry) };
}
