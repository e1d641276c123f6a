// The little of Discord's markup that answers use: headings, small lines, lists, bold, italics, code, timestamps, channels.
import { icon, make } from './dom.js';

const inline = /\*\*(.+?)\*\*|\*(.+?)\*|`(.+?)`|<t:(\d+)(?::([tTdDfFsSR]))?>|<#(\d+)>|\\([^\w\s])/g;

function ago(seconds) {
  const units = [['day', 86400], ['hour', 3600], ['minute', 60], ['second', 1]];
  const past = seconds - Date.now() / 1000;
  const [unit, size] = units.find(([, length]) => Math.abs(past) >= length) || units[3];
  return new Intl.RelativeTimeFormat('en', { numeric: 'auto' }).format(Math.round(past / size), unit);
}

function stamp(seconds, style) {
  const date = new Date(seconds * 1000);
  const long = { dateStyle: 'long', timeStyle: 'short' };
  const text = style === 'R' ? ago(seconds) : date.toLocaleString('en-GB', style === 'D' ? { dateStyle: 'long' } : long);
  return make('time', {
    className: 'stamp', dateTime: date.toISOString(), title: date.toLocaleString('en-GB', long),
    data: style === 'R' ? { seconds } : {},
  }, text);
}

// "Two minutes ago" does not stay true.
export function refreshStamps(root) {
  for (const time of root.querySelectorAll('time[data-seconds]')) time.textContent = ago(Number(time.dataset.seconds));
}

function mention(id, guild) {
  const channel = guild.channels.find(other => other.id === id);
  return make('span', { className: 'mention' }, icon(channel?.type === 0 ? 'hash' : 'speaker'), channel?.name || 'unknown');
}

function pieces(text, guild) {
  const nodes = [];
  let from = 0;
  for (const found of text.matchAll(inline)) {
    const [all, bold, italic, code, seconds, style, channel, escaped] = found;
    nodes.push(text.slice(from, found.index));
    if (bold) nodes.push(make('strong', {}, ...pieces(bold, guild)));
    else if (italic) nodes.push(make('em', {}, ...pieces(italic, guild)));
    else if (code) nodes.push(make('code', {}, code));
    else if (seconds) nodes.push(stamp(Number(seconds), style));
    else if (channel) nodes.push(mention(channel, guild));
    else nodes.push(escaped);
    from = found.index + all.length;
  }
  nodes.push(text.slice(from));
  return nodes.filter(node => node !== '');
}

// guild: whose channels are named.
export function markdown(text, guild) {
  return text.split('\n').map(line => {
    const heading = line.match(/^(#{1,3}) (.*)/);
    const item = line.match(/^[-*] (.*)/);
    if (heading) return make('h' + (heading[1].length + 2), {}, ...pieces(heading[2], guild));
    if (line.startsWith('-# ')) return make('p', { className: 'small' }, ...pieces(line.slice(3), guild));
    if (item) return make('p', { className: 'item' }, ...pieces(item[1], guild));
    return make('p', {}, ...pieces(line, guild));
  });
}
