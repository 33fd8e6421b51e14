// The panel in which a person gives each position its average. It shows what the kernel tells, and
// says what was done; what is chosen, saved or in conflict is decided there.

const SHOWN = [
  ['all', 'all rows'],
  ['incomplete', 'without an average'],
  ['changed', 'changed, not saved'],
  ['short', 'history too short'],
  ['left', 'no position now'],
];
const LOOK_AGAIN = 1500; // milliseconds between two looks at the file

class Panel {
  constructor(model, root) {
    this.model = model;
    this.root = root;
    this.looked = 0;
    this.line = new Line(model, (text) => this.tell([text], true));
    this.build();
    this.listen();
    this.lay();
    this.drawQuestion();
  }

  build() {
    const button = (text, onclick, kind = '') => make('button', { type: 'button', class: kind, onclick }, text);
    this.rows = new Rows({
      choose: (rows, choice) => this.send({ do: 'choose', rows, choice }), count: () => this.count(),
      spark: (row) => this.send({ do: 'spark', rows: [row] }),
    });
    this.filter = make('input', {
      type: 'search', 'aria-label': 'Filter positions', placeholder: 'type to filter', oninput: () => this.sift(),
    });
    this.shown = make('select', { 'aria-label': 'Which rows', onchange: () => this.sift() },
      ...SHOWN.map(([value, text]) => make('option', { value }, text)));
    this.counts = make('span', { class: 'counts', 'aria-live': 'polite' });
    this.bulk = make('select', { 'aria-label': 'Average for the selected rows' },
      make('option', { value: '' }, NONE),
      ...grouped(this.model.get('choices'), (label) => make('option', { value: label }, label)));
    this.apply = button('Set selected', () => this.setPicked());
    this.undo = button('Undo', () => this.send({ do: 'undo' }));
    this.save = button('Save…', () => this.send({ do: 'save' }), 'main');
    this.status = make('div', { role: 'status', class: 'status' });
    this.question = make('section', { class: 'question', hidden: true });
    this.banner = make('div', { class: 'banner' });
    this.root.append(
      this.banner,
      make('div', { class: 'bar' }, this.filter, this.shown, this.counts),
      this.rows.element,
      make('div', { class: 'bar' }, make('span', { class: 'with' }, 'Selected rows:'), this.bulk, this.apply,
        make('span', { class: 'gap' }), this.undo, this.save),
      this.status, this.question, keys(),
    );
  }

  listen() {
    this.heard = {
      'change:rows': () => this.lay(),
      'change:state': () => this.draw(),
      'change:sparks': () => this.rows.drawSparks(this.model.get('sparks')),
      'change:said': () => this.drawStatus(),
      'change:ask': () => this.drawQuestion(),
    };
    for (const [event, call] of Object.entries(this.heard)) this.model.on(event, call);
    this.look = () => this.lookAtFile();
    window.addEventListener('focus', this.look);
    this.root.addEventListener('pointerenter', this.look);
    this.root.addEventListener('keydown', (event) => this.key(event));
  }

  end() {
    for (const [event, call] of Object.entries(this.heard)) this.model.off(event, call);
    window.removeEventListener('focus', this.look);
    this.rows.sight.disconnect();
    this.line.end();
    clearTimeout(this.later);
  }

  // --- to the kernel and back --------------------------------------------------------------------

  send(message) {
    this.line.send(message);
  }

  // The file is looked at when a person comes back to the panel, not all the time.
  lookAtFile() {
    const wait = this.line.isAnswered() ? this.looked + LOOK_AGAIN - Date.now() : LOOK_AGAIN;
    clearTimeout(this.later);
    if (wait > 0) {
      this.later = setTimeout(this.look, wait);
      return;
    }
    this.looked = Date.now();
    this.send({ do: 'look' });
  }

  // --- what is shown -----------------------------------------------------------------------------

  lay() {
    this.rows.lay(this.model.get('rows'), this.model.get('choices'));
    this.rows.drawSparks(this.model.get('sparks'));
    drawBanner(this.banner, this.model.get('heading'));
    this.draw();
    this.rows.arrange();
    this.drawStatus();
  }

  draw() {
    const state = this.model.get('state');
    this.rows.draw(state, this.line.hear());
    this.undo.disabled = !state.canUndo;
    this.changes = state.changes ?? 0;
    this.save.textContent = this.changes ? `Save ${this.changes}…` : 'Save…';
    this.sift();
    if (this.line.isAnswered() && this.isImpatient) this.drawStatus();
  }

  sift() {
    this.rows.sift(this.filter.value, this.shown.value);
  }

  count() {
    const { rows } = this.rows;
    const shown = rows.filter((row) => !row.element.hidden).length;
    const lacking = rows.filter((row) => row.view.incomplete).length;
    const picked = this.rows.picked().length;
    this.counts.textContent = [
      `${shown} of ${rows.length} rows`,
      ...(lacking ? [`${lacking} without an average`] : []),
      this.changes ? `${this.changes} not saved` : 'nothing to save',
    ].join(' · ');
    this.apply.textContent = picked ? `Set ${picked} selected` : 'Set selected';
    this.apply.disabled = !picked;
  }

  setPicked() {
    if (this.bulk.value) {
      this.send({ do: 'choose', rows: this.rows.picked(), choice: this.bulk.value });
      return;
    }
    this.tell(['Choose the average for the selected rows first.'], true);
    this.bulk.focus();
  }

  tell(lines, bad) {
    this.isImpatient = true;
    this.status.className = bad ? 'status bad' : 'status';
    this.status.replaceChildren(...lines.map((line) => make('div', {}, line)));
  }

  drawStatus() {
    const { lines = [], bad = false } = this.model.get('said');
    this.tell(lines, bad);
    this.isImpatient = false;
  }

  drawQuestion() {
    const ask = this.model.get('ask');
    const question = questionOf(ask);
    const hadFocus = this.question.contains(document.activeElement);
    const isNew = question && question.title !== this.question.getAttribute('aria-label');
    this.question.hidden = !question;
    this.question.dataset.kind = ask.kind ?? '';
    this.question.setAttribute('aria-label', question?.title ?? '');
    this.question.replaceChildren();
    if (question) {
      const buttons = question.acts.map(([act, text], at) => make('button', {
        type: 'button', class: at ? '' : 'main', onclick: () => this.send({ do: act }),
      }, text));
      this.question.append(make('p', {}, make('b', {}, question.title), ` ${question.more}`),
        question.content, make('div', { class: 'bar' }, ...buttons));
    }
    if (isNew || (question && hadFocus)) this.question.querySelector('button').focus();
    else if (!question && hadFocus) this.save.focus();
  }

  // --- keys --------------------------------------------------------------------------------------

  key(event) {
    const control = event.ctrlKey || event.metaKey;
    const { target, key } = event;
    let done = true;
    if (control && key === 's') this.send({ do: 'save' });
    else if (control && key === 'b') this.bulk.focus();
    else if (control && key === 'z' && target !== this.filter) this.send({ do: 'undo' });
    else if (control || event.altKey) done = false;
    else if (key === 'Escape') done = this.escape(target);
    else if (target === this.filter) done = this.keyInFilter(key);
    else if (target.matches('tbody input')) done = this.rows.key(key, target) || this.typeOn(key);
    else done = false;
    if (done) event.preventDefault();
  }

  escape(target) {
    if (isOpen(target)) return false;
    if (this.question.contains(target)) {
      if (this.model.get('ask').kind === 'preview') this.send({ do: 'cancel' });
    } else if (target !== this.filter) {
      this.filter.focus();
    } else {
      this.filter.value = '';
      this.sift();
    }
    return true;
  }

  keyInFilter(key) {
    const [first] = this.rows.openOnes();
    if (!first || !['Enter', 'ArrowDown'].includes(key)) return false;
    (key === 'Enter' ? first.select : first.box).focus();
    return true;
  }

  typeOn(key) {
    if (key.length !== 1 || key === ' ') return false;
    this.filter.value += key;
    this.filter.focus();
    this.sift();
    return true;
  }
}

// Whether the list of a selector is open, which the key then closes without us.
function isOpen(element) {
  try {
    return element.matches('select:open');
  } catch { // a browser that does not know `:open`
    return element.matches('select');
  }
}

export default {
  initialize({ model }) {
    hearThoughLate(model);
  },
  render({ model, el }) {
    const root = make('section', { class: 'sellkit-panel sellkit-assign', 'aria-label': 'Assign averages' });
    el.append(root);
    const panel = new Panel(model, root);
    return () => panel.end();
  },
};
