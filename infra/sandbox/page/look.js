// Dark or light, and the side panel where there is no room for it.
const schemes = { dark: 'light', light: 'dark' };

export function createLook({ theme, drawer, shade, side, main }) {
  const root = document.documentElement;
  const system = matchMedia('(prefers-color-scheme: light)');
  const narrow = matchMedia('(max-width: 760px)');
  const scheme = () => localStorage.getItem('scheme') || (system.matches ? 'light' : 'dark');

  function apply() {
    root.dataset.scheme = scheme();
    theme.setAttribute('aria-pressed', scheme() === 'light');
  }

  function setDrawer(open) {
    const covered = narrow.matches && open;
    side.classList.toggle('open', covered);
    shade.hidden = !covered;
    side.inert = narrow.matches && !open;
    main.inert = covered;
    drawer.setAttribute('aria-expanded', covered);
  }

  function closeDrawer() {
    setDrawer(false);
    drawer.focus();
  }

  // Back to the system's wish once that is what was chosen.
  theme.addEventListener('click', () => {
    const wanted = schemes[scheme()];
    if (wanted === (system.matches ? 'light' : 'dark')) localStorage.removeItem('scheme');
    else localStorage.setItem('scheme', wanted);
    apply();
  });
  drawer.addEventListener('click', () => {
    setDrawer(true);
    side.querySelector('button').focus();
  });
  shade.addEventListener('click', closeDrawer);
  // Wherever the focus is: a click beside the buttons takes it from them.
  document.addEventListener('keydown', event => {
    if (event.key === 'Escape' && side.classList.contains('open')) closeDrawer();
  });
  system.addEventListener('change', apply);
  narrow.addEventListener('change', () => setDrawer(false));
  apply();
  setDrawer(false);
}
