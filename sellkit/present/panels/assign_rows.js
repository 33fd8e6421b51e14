// The table of the panel that assigns averages: its rows, their selectors, filter, order, selection.

const COLUMNS = [
  { key: 'token', title: 'position', width: 'token' },
  { key: 'sizeValue', title: 'size', number: true, width: 'small' },
  { key: 'costValue', title: 'average cost', number: true, width: 'cost' },
  { key: 'closeValue', title: 'last close', number: true },
  { key: 'saved', title: 'assigned' },
  { key: 'chosen', title: 'average', width: 'chooser' },
  { key: 'value', title: 'value', number: true },
  { key: 'distance', title: 'dist %', number: true, width: 'small' },
  { key: 'remark', title: 'remark', width: 'rest' },
];
const NONE = 'choose…';
const A_PAGE = 15; // rows

// The 28 choices in two groups; `made` gives the option of one.
function grouped(choices, made) {
  return [[' 1H', 'hourly bars'], [' 1D', 'daily bars']].map(([ending, label]) => {
    const options = choices.flatMap((choice, place) => (choice.endsWith(ending) ? [made(choice, place)] : []));
    return make('optgroup', { label }, ...options);
  });
}

class Rows {
  // `told.choose(rows, choice)`, `told.count()` and `told.spark(row)` are called for what a person does here.
  constructor(told) {
    this.told = told;
    this.rows = [];
    this.filled = new WeakSet();
    this.sparks = {};
    this.anchor = null;
    this.order = { key: null, down: false };
    this.all = make('input', {
      type: 'checkbox', 'aria-label': 'Select all rows shown', onchange: () => this.pickShown(),
    });
    this.titles = COLUMNS.map((column) => make(
      'th', { scope: 'col', class: `${column.number ? 'number' : ''} ${column.width ?? ''}` },
      make('button', { type: 'button', onclick: () => this.sort(column) }, column.title),
    ));
    const head = make('tr', {}, make('th', { scope: 'col', class: 'pick' }, this.all), ...this.titles);
    this.body = make('tbody');
    const table = make('table', {}, make('thead', {}, head), this.body);
    this.element = make('div', { class: 'rows', role: 'region', 'aria-label': 'Positions' }, table);
    this.element.addEventListener('focusin', ({ target }) => { this.fill(target); this.look(target); });
    this.element.addEventListener('pointerover', ({ target }) => this.look(target));
    this.sight = new IntersectionObserver((seen) => {
      for (const { isIntersecting, target } of seen) if (isIntersecting) this.fill(target);
    }, { root: this.element });
  }

  lay(records, choices) {
    // Rows that somebody else's edit brings or takes leave order, selection and focus as they were.
    const picked = new Set(this.rows.filter((row) => row.box.checked).map((row) => row.record.token));
    const focused = this.rows.find((row) => row.element.contains(document.activeElement));
    const onBox = focused?.box === document.activeElement;
    this.choices = choices;
    this.anchor = null;
    this.rows = records.map((record, index) => this.makeRow(record, index));
    for (const row of this.rows) row.box.checked = row.record.open && picked.has(row.record.token);
    this.body.replaceChildren(...this.rows.map((row) => row.element));
    this.sight.disconnect();
    for (const { select } of this.rows) if (select) this.sight.observe(select);
    if (!records.length) {
      const cell = make('td', { colSpan: COLUMNS.length + 1 }, 'No positions and no assignments.');
      this.body.append(make('tr', {}, cell));
    }
    const again = this.rows.find((row) => row.record.token === focused?.record.token);
    (onBox ? again?.box : again?.select)?.focus();
  }

  makeRow(record, index) {
    const box = make('input', {
      type: 'checkbox', 'aria-label': `Select ${record.token}`, disabled: !record.open,
      onclick: (event) => this.pick(index, event.shiftKey),
    });
    const select = record.open ? make('select', {
      'aria-label': `Average of ${record.token}`,
      onchange: () => this.told.choose([index], select.value),
    }) : null;
    const cell = (content = '', kind = '') => make('td', { class: kind }, content);
    const name = make('th', { scope: 'row', title: record.token }, record.token);
    if (record.note) name.append(make('span', { class: 'note' }, record.note));
    const cells = {
      saved: cell(), value: cell('', 'number'), distance: cell('', 'number'), remark: cell('', 'remark'),
    };
    const element = make('tr', {}, make('td', { class: 'pick' }, box), name,
      cell(record.size, 'number'), cell(record.cost, 'number'), cell(record.close, 'number'),
      cells.saved, make('td', {}, select ?? ''), cells.value, cells.distance, cells.remark);
    return { record, index, box, select, cells, element, view: {} };
  }

  // Five hundred selectors of 28 choices are a heavy page: each gets its choices when it is seen.
  fill(select) {
    const row = this.rows.find((each) => each.select === select);
    if (!row || this.filled.has(select)) return;
    this.filled.add(select);
    this.sight.unobserve(select);
    const kept = select.value;
    const empty = row.view.saved ? [] : [make('option', { value: '' }, NONE)];
    select.replaceChildren(...empty, ...grouped(this.choices, (label, place) => this.makeChoice(row, label, place)));
    select.value = kept;
  }

  // The list is set in letters of one width: name, value, distance and spark stand in columns.
  makeChoice(row, label, place) {
    const short = row.record.averages[place]?.[2];
    return make('option', { value: label, ...(short && { class: 'amber' }) }, this.describe(row, label, place));
  }

  describe({ record }, label, place) {
    const [value, distance, short] = record.averages[place] ?? ['-', null, ''];
    const pad = (text, width) => NBSP.repeat(Math.max(1, width - text.length)) + text;
    const text = label + pad(value, 24 - label.length) + pad(percent(distance) + NBSP + '%', 11);
    const spark = this.sparks[record.token]?.[place] ?? '';
    return [text, spark.replaceAll(' ', NBSP), short].filter(Boolean).join(NBSP + NBSP);
  }

  // How the choices of a row did is worked out when a person comes to its list.
  look(select) {
    const row = select.matches('tbody select') ? this.rows.find((each) => each.select === select) : null;
    if (!row || row.asked || this.sparks[row.record.token]) return;
    row.asked = true;
    this.told.spark(row.index);
  }

  // The texts change in place: a list that is open stays open.
  drawSparks(sparks) {
    this.sparks = sparks;
    for (const row of this.rows.filter(({ record, select }) => select && sparks[record.token])) {
      for (const option of row.select.options) {
        const place = this.choices.indexOf(option.value);
        if (place >= 0 && this.filled.has(row.select)) option.textContent = this.describe(row, option.value, place);
      }
    }
  }

  // `isAnswered` is false while a later choice is still on its way to the kernel.
  draw({ saved = [], chosen = [] }, isAnswered) {
    for (const row of this.rows) {
      const texts = [saved[row.index] ?? '', chosen[row.index] ?? ''];
      if (row.view.saved !== texts[0] || row.view.chosen !== texts[1]) this.drawRow(row, ...texts);
      this.drawSelect(row, isAnswered);
    }
  }

  drawRow(row, saved, chosen) {
    const { record, cells, element } = row;
    const [value, distance, short] = record.averages[this.choices.indexOf(chosen)] ?? ['-', null, ''];
    row.view = {
      saved, chosen, distance, short,
      changed: record.open && saved !== chosen,
      incomplete: record.open && !chosen,
      left: record.note.startsWith('no position'),
      value: value === '-' ? null : Number(value.replaceAll(',', '')),
    };
    cells.saved.textContent = record.open ? saved || 'none' : '-';
    cells.value.textContent = value;
    cells.distance.textContent = percent(distance);
    for (const cell of [cells.value, cells.distance]) cell.classList.toggle('amber', Boolean(short));
    element.classList.toggle('changed', row.view.changed);
    element.classList.toggle('incomplete', row.view.incomplete);
    this.drawRemark(row);
  }

  drawRemark({ view, record, cells }) {
    const parts = [];
    if (view.incomplete) parts.push(make('span', { class: 'pill wrong' }, 'no average'));
    else if (view.changed) parts.push(make('span', { class: 'pill' }, 'not saved'));
    if (view.short) parts.push(make('span', { class: 'amber' }, view.short));
    if (record.problem) parts.push(make('span', { class: 'amber' }, record.problem));
    view.remark = parts.map((part) => part.textContent).join(' ');
    cells.remark.replaceChildren(...parts.flatMap((part, at) => (at ? [' ', part] : [part])));
  }

  drawSelect({ select, view }, isAnswered) {
    if (!select || (select.value === view.chosen && select.options.length)) return;
    if (!this.filled.has(select)) {
      select.replaceChildren(make('option', { value: view.chosen }, view.chosen || NONE));
    } else if (view.saved) {
      select.querySelector('option[value=""]')?.remove();
    }
    // Who goes on choosing is ahead of the answer, which must not take the choice back.
    if (isAnswered || select !== document.activeElement) select.value = view.chosen;
  }

  // --- filter, order, selection ------------------------------------------------------------------

  sift(text, wanted) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    for (const { record, view, element } of this.rows) {
      const said = `${record.token} ${record.note} ${view.saved} ${view.chosen}`.toLowerCase();
      element.hidden = !((wanted === 'all' || view[wanted]) && words.every((word) => said.includes(word)));
    }
    this.count();
  }

  count() {
    const pickable = this.rows.filter((row) => !row.element.hidden && !row.box.disabled);
    const picked = pickable.filter((row) => row.box.checked).length;
    this.all.checked = picked > 0 && picked === pickable.length;
    this.all.indeterminate = picked > 0 && !this.all.checked;
    this.told.count();
  }

  picked() {
    return this.rows.filter((row) => row.box.checked && !row.element.hidden).map((row) => row.index);
  }

  sort(column) {
    this.order = { key: column.key, down: this.order.key === column.key && !this.order.down };
    this.arrange();
    this.titles.forEach((title, at) => {
      if (COLUMNS[at] !== column) title.removeAttribute('aria-sort');
      else title.setAttribute('aria-sort', this.order.down ? 'descending' : 'ascending');
    });
  }

  // Only when it is asked for: a row that is being set is not to jump away.
  arrange() {
    const column = { key: this.order.key };
    if (column.key === null) return;
    const value = ({ view, record }) => (column.key in view ? view[column.key] : record[column.key]) ?? '';
    const sign = this.order.down ? -1 : 1;
    const compare = (a, b) => {
      const [x, y] = [value(a), value(b)];
      if (x === '' || y === '') return (x === '') - (y === '') || a.index - b.index; // unknown last
      const found = typeof x === 'number' ? x - y : String(x).localeCompare(String(y), 'en', { numeric: true });
      return sign * found || a.index - b.index;
    };
    this.body.append(...[...this.rows].sort(compare).map((row) => row.element));
  }

  pick(index, isRange) {
    const row = this.rows[index];
    const shown = isRange && this.anchor !== null ? this.openOnes() : [];
    const ends = [shown.indexOf(this.rows[this.anchor]), shown.indexOf(row)].sort((a, b) => a - b);
    if (ends[0] >= 0) for (const each of shown.slice(ends[0], ends[1] + 1)) each.box.checked = row.box.checked;
    this.anchor = index;
    this.count();
  }

  pickShown() {
    for (const row of this.openOnes()) row.box.checked = this.all.checked;
    this.count();
  }

  // The rows that are shown and can be assigned, as they stand.
  openOnes() {
    const found = new Map(this.rows.map((row) => [row.element, row]));
    return [...this.body.rows].map((element) => found.get(element))
      .filter((row) => row && row.record.open && !row.element.hidden);
  }

  // Another row's box, or the row's selector; false for a key that means nothing here.
  key(key, box) {
    const shown = this.openOnes();
    const at = shown.findIndex((row) => row.box === box);
    const steps = {
      ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: shown.length - 1, PageDown: at + A_PAGE, PageUp: at - A_PAGE,
    };
    if (key in steps) shown[Math.min(Math.max(steps[key], 0), shown.length - 1)].box.focus();
    else if (key === 'ArrowRight' || key === 'Enter') shown[at].select.focus();
    else return false;
    return true;
  }
}
