// The control API, as control.h describes it.
async function answer(response) {
  const body = await response.json();
  if (!response.ok) throw new Error(body.error || response.statusText);
  return body;
}

export async function get(path) {
  return answer(await fetch('/control/' + path));
}

export async function post(path, body) {
  const headers = { 'Content-Type': 'application/json' };
  return answer(await fetch('/control/' + path, { method: 'POST', headers, body: JSON.stringify(body) }));
}

// Discord's addresses stand for the TLS port, whose certificate a browser does not know. The same files are here.
export function here(url) {
  return new URL(url).pathname;
}

export function avatar(user, size) {
  if (user.avatar) return `/avatars/${user.id}/${user.avatar}.png?size=${size}`;
  const migrated = user.discriminator === '0';
  const number = migrated ? (BigInt(user.id) >> 22n) % 6n : BigInt(user.discriminator) % 5n;
  return `/embed/avatars/${number}.png`;
}

// A member's own picture on this server comes before that of the account.
export function face(guild, member, size) {
  if (!member.guild_avatar) return avatar(member, size);
  return `/guilds/${guild.id}/users/${member.id}/avatars/${member.guild_avatar}.png?size=${size}`;
}
