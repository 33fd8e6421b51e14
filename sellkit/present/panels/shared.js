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

// The way to the kernel: messages are numbered, and one that cannot be sent or is not answered is
// told of. The answer to a message is a change of the trait `state`, with the number in `answers`.
class Line {
  constructor(model, tell, patience = 4000) {
    this.model = model;
    this.tell = tell;
    this.patience = patience; // milliseconds
    this.number = model.get('state').answers ?? 0;
  }

  send(message) {
    this.number += 1;
    clearTimeout(this.timer);
    try {
      this.model.send({ ...message, number: this.number });
    } catch { // the kernel that made this panel was restarted or is gone
      this.tell('The kernel of this panel is gone, and with it what was not saved: run the cell again.');
      return;
    }
    this.timer = setTimeout(() => this.tell('The kernel is busy and has not answered yet.'), this.patience);
  }

  isAnswered() {
    return this.model.get('state').answers >= this.number;
  }

  // To be called for every answer; gives whether it is that to the last message.
  hear() {
    if (this.isAnswered()) clearTimeout(this.timer);
    return this.isAnswered();
  }

  end() {
    clearTimeout(this.timer);
  }
}
