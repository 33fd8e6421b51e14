// The list of gateways: one is chosen, tested on demand, and a simulated one can be started.

const A_TEST = 30000; // milliseconds that connecting may take

class ConnectPanel {
  constructor(model, root) {
    this.model = model;
    this.line = new Line(model, (text) => this.tell(text, true), A_TEST);
    this.banner = make('div', { class: 'banner' });
    this.status = make('div', { role: 'status', class: 'status' });
    this.found = make('ul', { class: 'found' });
    this.advice = make('p', { class: 'hint' });
    this.test = make('button', { type: 'button', class: 'main', onclick: () => this.send('test') }, 'Test the connection');
    this.start = make('button', { type: 'button', onclick: () => this.send('start') }, 'Start a simulated gateway');
    this.command = make('code');
    this.hint = make('p', { class: 'hint' }, 'Or in a terminal, for as long as you leave it running: ', this.command);
    const name = `sellkit-gateway-${Math.random().toString(36).slice(2)}`;
    this.radios = model.get('choices').map((choice) => this.makeChoice(choice, name));
    root.append(
      this.banner,
      make('fieldset', {}, make('legend', {}, 'Which gateway?'), ...this.radios.map((radio) => radio.parentElement)),
      make('div', { class: 'bar' }, this.test, this.start),
      this.hint, this.status, this.found, this.advice,
    );
    this.heard = { 'change:state': () => this.draw(), 'change:heading': () => this.drawHeading() };
    for (const [event, call] of Object.entries(this.heard)) model.on(event, call);
    this.draw();
    this.drawHeading();
  }

  makeChoice({ profile, kind, address, meaning, colour }, name) {
    const radio = make('input', { type: 'radio', name, value: profile, onchange: () => this.send('choose') });
    const label = make('label', {}, radio, make('b', {}, profile), make('span', { class: 'kind' }, kind || 'any'),
      make('code', {}, address), make('span', { class: 'meaning' }, meaning));
    label.style.setProperty('--kind', colour);
    return radio;
  }

  send(act) {
    const profile = this.radios.find((radio) => radio.checked)?.value ?? '';
    if (act !== 'choose') {
      this.tell(act === 'test' ? 'Connecting…' : 'Starting…', false);
      this.found.replaceChildren();
      this.advice.textContent = '';
    }
    this.setBusy(true);
    this.line.send({ do: act, profile });
  }

  // A button that is pressed keeps the focus, so it is not disabled while the kernel works.
  setBusy(isBusy) {
    for (const button of [this.test, this.start]) button.setAttribute('aria-disabled', String(isBusy));
  }

  tell(text, bad) {
    this.status.className = bad ? 'status bad' : 'status';
    this.status.textContent = text;
  }

  draw() {
    const { chosen, found = [], advice = '', said = '', bad = false, startable = false } = this.model.get('state');
    if (!this.line.hear()) return;
    this.setBusy(false);
    for (const radio of this.radios) radio.checked = radio.value === chosen;
    this.found.replaceChildren(...found.map(([isGood, text]) => make(
      'li', { class: isGood ? 'good' : 'wrong' },
      make('span', { class: 'mark', role: 'img', 'aria-label': isGood ? 'good' : 'look here' }, isGood ? '✓' : '!'), text,
    )));
    this.advice.textContent = advice;
    const port = this.model.get('choices').find((each) => each.profile === chosen)?.address.split(':').at(-1);
    this.command.textContent = `sellkit gateway --port ${port}`;
    this.start.hidden = !startable;
    this.hint.hidden = !startable;
    this.tell(said, bad);
  }

  drawHeading() {
    drawBanner(this.banner, this.model.get('heading'));
  }

  end() {
    for (const [event, call] of Object.entries(this.heard)) this.model.off(event, call);
    this.line.end();
  }
}

export default {
  initialize({ model }) {
    hearThoughLate(model);
  },
  render({ model, el }) {
    const root = make('section', { class: 'sellkit-panel sellkit-connect', 'aria-label': 'Connect' });
    el.append(root);
    const panel = new ConnectPanel(model, root);
    return () => panel.end();
  },
};
