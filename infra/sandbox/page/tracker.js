// The tracker's connection to the gateway: how it stands, and ways to disturb it.
import { post } from './api.js';

export function createTracker(app, panel) {
  const [words, detail, tale] = [panel.querySelector('.words'), panel.querySelector('.detail'), panel.querySelector('.tale')];
  let before = null; // the state that was shown last: {connected, connection, session_id}
  let lost_ms = 0;
  let story = '';

  // What has happened since the last look.
  function tell(now) {
    if (!before) return;
    if (before.connected && !now.connected) {
      lost_ms = Date.now();
      story = 'Connection lost';
    } else if (now.connected && now.connection !== before.connection) {
      const how = now.session_id === before.session_id ? 'resumed' : 'a new session';
      story = lost_ms ? `Back after ${((Date.now() - lost_ms) / 1000).toFixed(1)} s: ${how}` : `Back at once: ${how}`;
      lost_ms = 0;
    }
  }

  function render() {
    const { sessions, connections } = app.view.gateway;
    const session = sessions.find(other => other.connected) || sessions[0];
    const connection = session && connections.find(other => other.session_id === session.session_id);
    const now = { connected: !!session?.connected, connection: connection?.connection, session_id: session?.session_id };
    tell(now);
    // While nothing is connected, the last connection is what the next one is held against.
    before = now.connected ? now : { ...before, connected: false };
    panel.dataset.connected = now.connected;
    panel.dataset.connection = now.connection || '';
    words.textContent = now.connected ? 'Tracker connected' : session ? 'Tracker away' : 'No tracker';
    detail.textContent = now.connected ? `Connection ${now.connection} · event ${session.seq}` : '';
    tale.textContent = story;
    for (const button of panel.querySelectorAll('button')) button.setAttribute('aria-disabled', !now.connected);
  }

  const orders = {
    cut: { action: 'cut' },
    reconnect: { action: 'reconnect' },
    invalidate: { action: 'invalid_session', resumable: false },
  };
  panel.addEventListener('click', event => {
    const order = orders[event.target.closest('button')?.dataset.order];
    if (order && panel.dataset.connected === 'true') app.act(() => post('gateway', order));
  });
  return { render };
}
