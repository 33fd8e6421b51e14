// What the panels share: elements, and the letters of JupyterLab that must not reach its notebook.

const NBSP = '\u00a0';

// JupyterLab's own shortcuts are single letters and would edit the notebook from in here. It asks the
// focused element itself before any around it, so each that can be focused says no.
const FOCUSED = ['button', 'input', 'select', 'summary'];

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  if (FOCUSED.includes(tag)) element.setAttribute('data-lm-suppress-shortcuts', 'true');
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name in element && typeof value !== 'string') element[name] = value;
    else if (value !== false && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

const percent = (value) => (value == null ? '-' : (value >= 0 ? '+' : '') + value.toFixed(2));

// The line over a panel: in which mode, for whom and as of when.
function drawBanner(banner, { mode = '', conditions = '', colour = '#1f5f99' }) {
  banner.style.background = colour;
  banner.replaceChildren(make('b', {}, mode), ` ${NBSP} ${conditions}`);
}

// Tells of a kernel that does not answer: one that is busy, or was restarted under the panel.
class Patience {
  constructor(tell) {
    this.tell = tell;
  }

  begin() {
    this.end();
    this.timer = setTimeout(() => this.tell(
      'The kernel has not answered yet: it is busy, or it was restarted; then run the cell again.',
    ), 4000);
  }

  end() {
    clearTimeout(this.timer);
  }
}
