// The table in which a person gives each position its average. It shows what the kernel tells and
// says what was done; what is chosen, saved or in conflict is decided there.

const COLUMNS = [
  { key: 'token', title: 'position', width: 'wide' },
  { key: 'sizeValue', title: 'size', number: true, width: 'narrow' },
  { key: 'costValue', title: 'average cost', number: true },
  { key: 'closeValue', title: 'last close', number: true },
  { key: 'saved', title: 'assigned' },
  { key: 'chosen', title: 'average', width: 'chooser' },
  { key: 'value', title: 'value', number: true },
  { key: 'distance', title: 'dist %', number: true, width: 'narrow' },
  { key: 'remark', title: 'remark', width: 'wide' },
];
const SHOWN = [
  ['all', 'all rows'],
  ['incomplete', 'without an average'],
  ['changed', 'changed, not saved'],
  ['short', 'history too short'],
  ['left', 'no position now'],
];
const NONE = 'choose…';
const LOOK_AGAIN = 1500; // milliseconds between two looks at the file

class Panel {
  constructor(model, root) {
    this.model = model;
    this.root = root;
    this.number = model.get('state').answers ?? 0;
    this.looked = 0;
    this.order = { key: null, down: false };
    this.anchor = null;
    this.patience = new Patience((text) => this.tell([text], true));
    this.filled = new WeakSet();
    this.build();
    this.listen();
    this.drawRows();
  }

  // --- what it is made of ------------------------------------------------------------------------

  build() {
    const act = (name) => () => this.send({ do: name });
    this.filter = make('input', {
      type: 'search', 'aria-label': 'Filter positions', placeholder: 'type to filter',
      oninput: () => this.sift(),
    });
    this.shown = make('select', { 'aria-label': 'Which rows', onchange: () => this.sift() });
    this.shown.append(...SHOWN.map(([value, text]) => make('option', { value }, text)));
    this.counts = make('span', { class: 'counts' });
    this.bulk = make('select', { 'aria-label': 'Average for the selected rows' });
    this.apply = make('button', { type: 'button', onclick: () => this.applyBulk() }, 'Set selected');
    this.head = make('tr');
    this.body = make('tbody');
    this.save = make('button', { type: 'button', class: 'main', onclick: act('save') }, 'Save…');
    this.undo = make('button', { type: 'button', onclick: act('undo') }, 'Undo');
    this.status = make('div', { role: 'status', class: 'status' });
    this.question = make('section', { class: 'question', hidden: true });
    this.banner = make('div', { class: 'banner' });
    const table = make('table', {}, make('thead', {}, this.head), this.body);
    this.region = make('div', { class: 'rows', role: 'region', 'aria-label': 'Positions' }, table);
    this.root.append(
      this.banner,
      make('div', { class: 'bar' }, this.filter, this.shown, this.counts),
      this.region,
      make('div', { class: 'bar' },
        make('span', { class: 'with' }, 'Selected rows:'), this.bulk, this.apply,
        make('span', { class: 'gap' }), this.undo, this.save),
      this.status,
      this.question,
      make('details', { class: 'keys' }, make('summary', {}, 'Keys'), ...keys()),
    );
    this.drawHead();
  }

  drawHead() {
    this.all = make('input', {
      type: 'checkbox', 'aria-label': 'Select all rows shown', onchange: () => this.selectShown(),
    });
    this.head.append(make('th', { scope: 'col', class: 'pick' }, this.all));
    this.titles = COLUMNS.map((column) => {
      const button = make('button', { type: 'button', onclick: () => this.sort(column) }, column.title);
      const kind = `${column.number ? 'number' : ''} ${column.width ?? ''}`;
      return make('th', { scope: 'col', class: kind }, button);
    });
    this.head.append(...this.titles);
  }

  listen() {
    const { model, root } = this;
    this.heard = {
      'change:rows': () => this.drawRows(),
      'change:state': () => this.drawState(),
      'change:said': () => this.drawStatus(),
      'change:ask': () => this.drawQuestion(),
      'change:heading': () => drawBanner(this.banner, this.model.get('heading')),
    };
    for (const [event, call] of Object.entries(this.heard)) model.on(event, call);
    this.look = () => this.lookAtFile();
    window.addEventListener('focus', this.look);
    root.addEventListener('pointerenter', this.look);
    root.addEventListener('focusin', (event) => event.target.matches('tbody select') && this.fill(event.target));
    this.sight = new IntersectionObserver((seen) => {
      for (const { isIntersecting, target } of seen) if (isIntersecting) this.fill(target);
    }, { root: this.region });
    root.addEventListener('keydown', (event) => this.key(event));
  }

  end() {
    this.sight.disconnect();
    for (const [event, call] of Object.entries(this.heard)) this.model.off(event, call);
    window.removeEventListener('focus', this.look);
    this.patience.end();
    clearTimeout(this.later);
  }

  // --- to the kernel and back --------------------------------------------------------------------

  send(message) {
    this.number += 1;
    this.model.send({ ...message, number: this.number });
    this.patience.begin();
  }

  isAnswered() {
    return this.model.get('state').answers >= this.number;
  }

  tell(lines, bad, impatient = true) {
    this.impatient = impatient;
    this.status.className = bad ? 'status bad' : 'status';
    this.status.replaceChildren(...lines.map((line) => make('div', {}, line)));
  }

  lookAtFile() {
    const wait = !this.isAnswered() ? LOOK_AGAIN : this.looked + LOOK_AGAIN - Date.now();
    clearTimeout(this.later);
    if (wait > 0) {
      this.later = setTimeout(this.look, wait);
      return;
    }
    this.looked = Date.now();
    this.send({ do: 'look' });
  }

  // --- the table ---------------------------------------------------------------------------------

  drawRows() {
    this.choices = this.model.get('choices');
    this.rows = this.model.get('rows').map((record, index) => this.makeRow(record, index));
    this.body.replaceChildren(...this.rows.map((row) => row.element));
    this.sight.disconnect();
    for (const { select } of this.rows) if (select) this.sight.observe(select);
    if (!this.rows.length) {
      const cell = make('td', { colSpan: COLUMNS.length + 1 }, 'No positions and no assignments.');
      this.body.append(make('tr', {}, cell));
    }
    if (!this.bulk.options.length) {
      this.bulk.append(make('option', { value: '' }, NONE), ...this.grouped((label) => make('option', { value: label }, label)));
    }
    drawBanner(this.banner, this.model.get('heading'));
    this.drawState();
    this.drawStatus();
    this.drawQuestion();
  }

  makeRow(record, index) {
    const box = make('input', {
      type: 'checkbox', 'aria-label': `Select ${record.token}`, disabled: !record.open,
      onclick: (event) => this.pick(index, event.shiftKey),
    });
    const select = record.open ? make('select', {
      'aria-label': `Average of ${record.token}`,
      onchange: () => this.send({ do: 'choose', rows: [index], choice: select.value }),
    }) : null;
    const cell = (content = '', kind = '') => make('td', { class: kind }, content);
    const name = make('th', { scope: 'row' }, record.token);
    if (record.note) name.append(make('span', { class: 'note' }, record.note));
    const cells = {
      saved: cell(), value: cell('', 'number'), distance: cell('', 'number'), remark: cell('', 'remark'),
    };
    const element = make('tr', {}, make('td', { class: 'pick' }, box), name,
      cell(record.size, 'number'), cell(record.cost, 'number'), cell(record.close, 'number'),
      cells.saved, make('td', {}, select ?? ''), cells.value, cells.distance, cells.remark);
    return { record, index, box, select, cells, element, view: {} };
  }

  grouped(made) {
    return [' 1H', ' 1D'].map((ending) => {
      const group = make('optgroup', { label: ending === ' 1H' ? 'hourly bars' : 'daily bars' });
      this.choices.forEach((label, place) => {
        if (label.endsWith(ending)) group.append(made(label, place));
      });
      return group;
    });
  }

  // Five hundred selectors of 28 choices are a heavy page: each gets its choices when it is seen.
  fill(select) {
    if (this.filled.has(select)) return;
    this.filled.add(select);
    this.sight.unobserve(select);
    const row = this.rows.find((each) => each.select === select);
    const kept = select.value;
    const empty = row.view.saved ? [] : [make('option', { value: '' }, NONE)];
    select.replaceChildren(...empty, ...this.grouped((label, place) => this.makeChoice(row, label, place)));
    select.value = kept;
  }

  makeChoice(row, label, place) {
    const [value, distance, short] = row.record.averages[place] ?? ['-', null, ''];
    const pad = (text, width) => NBSP.repeat(Math.max(1, width - text.length)) + text;
    const text = label + pad(value, 24 - label.length) + pad(percent(distance) + NBSP + '%', 11);
    return short ? make('option', { value: label, class: 'amber' }, text + NBSP + NBSP + short)
      : make('option', { value: label }, text);
  }

  drawState() {
    const { saved = [], chosen = [], changes = 0, canUndo = false } = this.model.get('state');
    for (const row of this.rows) this.drawRow(row, saved[row.index] ?? '', chosen[row.index] ?? '');
    if (this.isAnswered()) {
      this.patience.end();
      if (this.impatient) this.drawStatus();
    }
    this.undo.disabled = !canUndo;
    this.changes = changes;
    this.root.classList.toggle('unsaved', changes > 0);
    this.save.textContent = changes ? `Save ${changes}…` : 'Save…';
    this.sift();
  }

  drawRow(row, saved, chosen) {
    const isDrawn = row.view.saved === saved && row.view.chosen === chosen;
    if (isDrawn && (!row.select || row.select.value === chosen)) return;
    const { record, select, cells, element } = row;
    const [value, distance, short] = record.averages[this.choices.indexOf(chosen)] ?? ['-', null, ''];
    const changed = record.open && saved !== chosen;
    row.view = { saved, chosen, distance, short, changed, incomplete: record.open && !chosen };
    row.view.value = value === '-' ? null : Number(value.replaceAll(',', ''));
    cells.saved.textContent = record.open ? saved || 'none' : '-';
    cells.value.textContent = record.open ? value : '-';
    cells.distance.textContent = percent(distance);
    for (const cell of [cells.value, cells.distance]) cell.classList.toggle('amber', Boolean(short));
    element.classList.toggle('changed', changed);
    element.classList.toggle('incomplete', row.view.incomplete);
    this.drawRemark(row);
    if (!select) return;
    if (!this.filled.has(select)) {
      select.replaceChildren(make('option', { value: chosen }, chosen || NONE));
    } else if (saved) {
      select.querySelector('option[value=""]')?.remove();
    }
    // Who goes on choosing is ahead of the answer, which must not take the choice back.
    if (this.isAnswered() || select !== document.activeElement) select.value = chosen;
  }

  drawRemark(row) {
    const { changed, incomplete, short } = row.view;
    const parts = [];
    if (incomplete) parts.push(make('span', { class: 'pill wrong' }, 'no average'));
    else if (changed) parts.push(make('span', { class: 'pill' }, 'not saved'));
    if (short) parts.push(make('span', { class: 'amber' }, short));
    if (row.record.problem) parts.push(make('span', { class: 'amber' }, row.record.problem));
    row.view.remark = parts.map((part) => part.textContent).join(' ');
    row.cells.remark.replaceChildren(...parts.flatMap((part, at) => (at ? [' ', part] : [part])));
  }

  // --- filter, sort, selection -------------------------------------------------------------------

  sift() {
    const words = this.filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = this.shown.value;
    for (const row of this.rows) {
      const { token, note } = row.record;
      const text = `${token} ${note} ${row.view.saved} ${row.view.chosen}`.toLowerCase();
      const kind = wanted === 'all' || (wanted === 'left' ? row.record.note.startsWith('no position')
        : Boolean(row.view[wanted]));
      row.element.hidden = !(kind && words.every((word) => text.includes(word)));
    }
    this.count();
  }

  visible() {
    return [...this.body.rows].map((element) => this.rows.find((row) => row.element === element))
      .filter((row) => row && !row.element.hidden);
  }

  count() {
    const shown = this.rows.filter((row) => !row.element.hidden);
    const picked = shown.filter((row) => row.box.checked);
    const lacking = this.rows.filter((row) => row.view.incomplete).length;
    const parts = [`${shown.length} of ${this.rows.length} rows`];
    if (lacking) parts.push(`${lacking} without an average`);
    parts.push(this.changes ? `${this.changes} not saved` : 'nothing to save');
    this.counts.textContent = parts.join(' · ');
    this.apply.textContent = picked.length ? `Set ${picked.length} selected` : 'Set selected';
    this.apply.disabled = !picked.length;
    const pickable = shown.filter((row) => !row.box.disabled);
    this.all.checked = picked.length > 0 && picked.length === pickable.length;
    this.all.indeterminate = picked.length > 0 && !this.all.checked;
  }

  sort(column) {
    const { order } = this;
    order.down = order.key === column.key ? !order.down : false;
    order.key = column.key;
    const value = (row) => (column.key in row.view ? row.view[column.key] : row.record[column.key]) ?? null;
    const sign = order.down ? -1 : 1;
    const compare = (a, b) => {
      const [x, y] = [value(a), value(b)];
      if (x === null || y === null || x === '' || y === '') { // what is unknown stays at the end
        return (x === null || x === '') - (y === null || y === '') || a.index - b.index;
      }
      const found = typeof x === 'number' ? x - y : String(x).localeCompare(String(y), 'en', { numeric: true });
      return sign * found || a.index - b.index;
    };
    this.body.append(...[...this.rows].sort(compare).map((row) => row.element));
    this.titles.forEach((title, at) => {
      if (COLUMNS[at] === column) title.setAttribute('aria-sort', order.down ? 'descending' : 'ascending');
      else title.removeAttribute('aria-sort');
    });
  }

  pick(index, isRange) {
    const row = this.rows[index];
    if (isRange && this.anchor !== null) {
      const shown = this.visible();
      const ends = [shown.indexOf(this.rows[this.anchor]), shown.indexOf(row)].sort((a, b) => a - b);
      if (ends[0] >= 0) {
        for (const each of shown.slice(ends[0], ends[1] + 1)) each.box.checked = row.box.checked && !each.box.disabled;
      }
    }
    this.anchor = index;
    this.count();
  }

  selectShown() {
    for (const row of this.rows) {
      if (!row.element.hidden && !row.box.disabled) row.box.checked = this.all.checked;
    }
    this.count();
  }

  applyBulk() {
    const rows = this.rows.filter((row) => row.box.checked && !row.element.hidden).map((row) => row.index);
    if (!this.bulk.value) {
      this.tell(['Choose the average for the selected rows first.'], true, false);
      this.bulk.focus();
    } else if (rows.length) {
      this.send({ do: 'choose', rows, choice: this.bulk.value });
    }
  }

  // --- words, and what waits for a yes or no -----------------------------------------------------

  drawStatus() {
    const { lines = [], bad = false } = this.model.get('said');
    this.tell(lines, bad, false);
  }

  drawQuestion() {
    const { kind = '', path = '', lines = [] } = this.model.get('ask');
    const hadFocus = this.question.contains(document.activeElement);
    const button = (name, text, main) => make('button', {
      type: 'button', class: main ? 'main' : '', onclick: () => this.send({ do: name }),
    }, text);
    this.question.hidden = !kind;
    this.question.dataset.kind = kind;
    if (kind === 'preview') {
      this.drawParts('This will be written', `to ${path}`, difference(lines),
        button('confirm', 'Confirm', true), button('cancel', 'Do not write'));
    } else if (kind === 'conflict') {
      const list = make('ul', {}, ...lines.map((line) => make('li', {}, line)));
      this.drawParts('Somebody else changed the file', 'while you had changes that are not saved.', list,
        button('keep', 'Keep my changes', true), button('reload', 'Reload, and drop my changes'));
    } else {
      this.question.replaceChildren();
    }
    if (kind && kind !== this.kind) this.question.querySelector('button').focus();
    else if (!kind && hadFocus) this.save.focus();
    this.kind = kind;
  }

  drawParts(title, more, content, ...buttons) {
    this.question.setAttribute('aria-label', title);
    this.question.replaceChildren(make('p', {}, make('b', {}, title), ` ${more}`), content,
      make('div', { class: 'bar' }, ...buttons));
  }

  // --- keys --------------------------------------------------------------------------------------

  key(event) {
    const control = event.ctrlKey || event.metaKey;
    const { target } = event;
    let done = true;
    if (control && event.key === 's') this.send({ do: 'save' });
    else if (control && event.key === 'z' && target !== this.filter) this.send({ do: 'undo' });
    else if (event.key === 'Escape' && !isOpen(target)) done = this.escape(target);
    else if (control || event.altKey) done = false;
    else if (target === this.filter) done = this.keyInFilter(event.key);
    else if (target.matches('tbody input')) done = this.keyInRow(event.key, target);
    else done = false;
    if (done) event.preventDefault();
  }

  escape(target) {
    if (this.question.contains(target) && this.kind === 'preview') this.send({ do: 'cancel' });
    else if (target === this.filter && this.filter.value) { this.filter.value = ''; this.sift(); }
    else if (target !== this.filter) this.filter.focus();
    else return false;
    return true;
  }

  keyInFilter(key) {
    const first = this.visible().find((row) => row.record.open);
    if (!first || !['Enter', 'ArrowDown'].includes(key)) return false;
    (key === 'Enter' ? first.select : first.box).focus();
    return true;
  }

  keyInRow(key, box) {
    const shown = this.visible().filter((row) => row.record.open);
    const at = shown.findIndex((row) => row.box === box);
    const steps = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: shown.length - 1, PageDown: at + 15, PageUp: at - 15 };
    if (key in steps) {
      shown[Math.min(Math.max(steps[key], 0), shown.length - 1)].box.focus();
    } else if (key === 'ArrowRight' || key === 'Enter') {
      shown[at].select.focus();
    } else if (key.length === 1 && key !== ' ') {
      this.filter.value += key;
      this.filter.focus();
      this.sift();
    } else {
      return false;
    }
    return true;
  }
}

function isOpen(element) {
  try {
    return element.matches('select:open');
  } catch { // a browser that does not know the selector closes its list by itself
    return false;
  }
}

function difference(lines) {
  const names = { '+': 'new', '-': 'gone', ' ': 'as it is' };
  return make('ol', { class: 'difference' }, ...lines.map(([mark, text]) => make(
    'li', { class: names[mark] ?? 'gap' },
    make('span', { class: 'mark', 'aria-label': names[mark] ?? 'further lines', role: 'img' }, mark), text,
  )));
}

function keys() {
  const told = [
    ['letters, on a box of a row', 'go to the filter'],
    ['Enter or ↓ in the filter', 'to the first row'],
    ['↑ ↓ Home End on a box', 'another row; → or Enter: its selector; Space: select it'],
    ['↑ ↓ or letters in a selector', 'another average'],
    ['Ctrl+Z, Ctrl+S, Esc', 'undo; save; back to the filter, or out of the preview'],
  ];
  return [make('dl', {}, ...told.flatMap(([key, what]) => [make('dt', {}, key), make('dd', {}, what)]))];
}

export default {
  render({ model, el }) {
    const root = make('section', { class: 'sellkit-panel sellkit-assign', 'aria-label': 'Assign averages' });
    el.append(root);
    const panel = new Panel(model, root);
    return () => panel.end();
  },
};
