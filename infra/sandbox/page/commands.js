// The registered commands as the composer needs them, and reading what was typed. No element is touched here.
const SUB_COMMAND = 1;
const INTEGER = 4;
const BOOLEAN = 5;
const USER = 6;
const CHANNEL = 7;
const NUMBER = 10;

// Each subcommand of /vc is offered as a command of its own: {name: 'vc leaderboard', sub, description, options}.
export function flatten(registered) {
  return registered.flatMap(command => (command.options || [])
    .filter(option => option.type === SUB_COMMAND)
    .map(option => ({ name: `${command.name} ${option.name}`, sub: option.name, description: option.description, options: option.options || [] })));
}

// All words that were typed begin words of the name: "/vc", "/lead", "/vc le".
export function matching(commands, typed) {
  const words = typed.replace(/^\//, '').toLowerCase().split(/\s+/).filter(Boolean);
  return commands.filter(({ name }) => words.every(word => name.split(' ').some(part => part.startsWith(word))));
}

// What an option offers to choose from, as items of a listbox; none: any text.
export function offered(option, guild) {
  if (option.choices) return option.choices.map(choice => ({ value: choice.value, label: choice.name, also: String(choice.value) }));
  switch (option.type) {
    case BOOLEAN: return [{ value: true, label: 'True' }, { value: false, label: 'False' }];
    case USER: return guild.members.map(member => ({
      value: member.id, label: member.name, also: member.username, description: member.username, image: guild.face(member),
    }));
    case CHANNEL: return guild.channels.map(channel => ({ value: channel.id, label: channel.name, icon: channel.type === 0 ? 'hash' : 'speaker' }));
    default: return [];
  }
}

// {value, label} for a text that says exactly what is meant, else null.
export function read(option, text, guild) {
  const typed = text.trim().toLowerCase();
  const items = offered(option, guild);
  if (items.length) {
    const names = item => [item.label, item.also, String(item.value), '@' + item.also].map(name => String(name).toLowerCase());
    return items.find(item => names(item).includes(typed)) || null;
  }
  const number = Number(typed);
  if (option.type === INTEGER || option.type === NUMBER)
    return typed && Number.isFinite(number) && (option.type === NUMBER || Number.isInteger(number)) ? { value: number, label: typed } : null;
  return typed ? { value: text.trim(), label: text.trim() } : null;
}

// "/vc leaderboard time_range:today": {command, texts: [[option, text]], rest}; null where no command stands complete.
export function parse(commands, text) {
  const command = commands.find(({ name }) => text === `/${name}` || text.startsWith(`/${name} `));
  if (!command) return null;
  const tail = text.slice(command.name.length + 1);
  const names = command.options.map(option => option.name).join('|');
  const found = names ? [...tail.matchAll(new RegExp(`(?:^|\\s)(${names}):`, 'g'))] : [];
  const texts = found.map((match, i) => [
    command.options.find(option => option.name === match[1]),
    tail.slice(match.index + match[0].length, found[i + 1]?.index).trim(),
  ]);
  return { command, texts, rest: tail.slice(0, found[0]?.index).trim() };
}
