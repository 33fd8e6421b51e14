// One view of the table: it draws the rows in sight and those near them, sorts, and hears a person.

const SPARE_ROWS = 10; // kept beyond either edge, so that scrolling seldom has to draw rows
const NEAR_ROWS = 4; // of them left when the next are drawn
const AGE_WIDTH = 66;
const BAR_WIDTH = 66; // as in table.css, with its margin
const PROSE_WIDTH = 230;
const PILLS = new Set(["exit", "hold", "undecided"]);
const NUMBERS = new Set(["number", "bar"]);
const NOT_MEASURED = new Set(["prose", "detail", "age"]);

class View {
  constructor(store, columns, label, el) {
    this.store = store;
    this.columns = columns;
    this.shown = columns.map((_, place) => place).filter((p) => columns[p].kind !== "detail");
    this.name = Math.max(0, columns.findIndex((column) => column.kind === "name"));
    this.sort = { place: null, isDown: false };
    this.keys = [];
    this.chosen = null;
    this.elements = new Map();
    this.widths = [];
    this.build(label, el);
    this.onNews = (news) => this.take(news);
    store.listeners.add(this.onNews);
    this.ticker = setInterval(() => this.tick(), 1000);
    this.from = 0;
    this.room = 600;
    this.headHeight = ROW_HEIGHT;
    this.resized = new ResizeObserver(() => {
      this.findFont();
      this.room = this.scroller.clientHeight || 600;
      this.headHeight = this.table.tHead.offsetHeight || ROW_HEIGHT;
      this.drawWindow();
    });
    this.resized.observe(this.scroller);
    this.take({ isWhole: true, cells: new Map() });
  }

  build(label, el) {
    this.root = made("div", "sellkit-grid");
    // Else JupyterLab takes arrows and letters for its own commands.
    this.root.dataset.lmSuppressShortcuts = "true";
    this.scroller = made("div", "sellkit-grid-scroller");
    this.table = made("table", "sellkit-grid-table");
    this.table.setAttribute("role", "grid");
    this.table.setAttribute("aria-label", label);
    this.table.tabIndex = 0;
    this.group = made("colgroup");
    this.above = spacer();
    this.body = made("tbody");
    this.below = spacer();
    this.table.append(this.group, this.head(), this.above.body, this.body, this.below.body);
    this.scroller.append(this.table);
    this.empty = made("p", "sellkit-grid-empty");
    this.detail = made("div", "sellkit-grid-detail");
    this.detail.hidden = true;
    this.root.append(this.scroller, this.empty, this.detail);
    this.scroller.addEventListener("scroll", () => this.follow(), { passive: true });
    this.table.addEventListener("keydown", (event) => this.press(event));
    this.body.addEventListener("click", (event) => {
      const row = event.target.closest("tr");
      if (row) this.choose(row.dataset.key === this.chosen ? null : row.dataset.key);
    });
    el.replaceChildren(this.root);
  }

  head() {
    const row = made("tr");
    row.setAttribute("aria-rowindex", "1");
    this.heads = this.shown.map((place) => {
      const column = this.columns[place];
      const cell = made("th", column.kind);
      cell.scope = "col";
      const button = made("button");
      button.type = "button";
      button.textContent = column.title;
      if (column.meaning) button.title = column.meaning;
      button.addEventListener("click", () => this.sortBy(place));
      cell.append(button);
      row.append(cell);
      return cell;
    });
    const head = made("thead");
    head.append(row);
    return head;
  }

  take(news) {
    const { place } = this.sort;
    const touched = (cells) => cells === "all" || cells.includes(place);
    const isMoved = place !== null && [...news.cells.values()].some(touched);
    if (this.isWider(news)) this.layOut();
    if (news.isWhole || isMoved) {
      this.arrange();
      this.drawWindow();
    }
    const changed = [...news.cells].flatMap(([key, cells]) => this.redraw(key, cells));
    if (changed.length) flash(changed);
    this.tick();
    this.describe();
  }

  // The keys in the order in which they are shown; ties keep the desk's own order.
  arrange() {
    const { place, isDown } = this.sort;
    this.keys = [...this.store.order];
    if (place !== null) {
      const values = new Map(this.keys.map((key) => [key, this.valueOf(key, place)]));
      this.keys.sort((a, b) => compared(values.get(a), values.get(b), isDown));
    }
    if (this.chosen !== null && !this.store.rows.has(this.chosen)) this.chosen = null;
    this.table.setAttribute("aria-rowcount", String(this.keys.length + 1));
    this.scroller.hidden = this.keys.length === 0;
    this.empty.textContent = this.keys.length || this.store.number < 1 ? "" : "No positions.";
  }

  valueOf(key, place) {
    const row = this.store.rows.get(key);
    const { kind } = this.columns[place];
    if (kind === "age") return this.store.ageOf(row) ?? NaN;
    const text = row.cells[place][0];
    return kind === "number" || kind === "bar" ? numberIn(text) : text;
  }

  sortBy(place) {
    const { sort } = this;
    if (sort.place !== place) this.sort = { place, isDown: false };
    else if (!sort.isDown) this.sort = { place, isDown: true };
    else this.sort = { place: null, isDown: false };
    this.heads.forEach((cell, index) => {
      const isSorted = this.shown[index] === this.sort.place;
      if (!isSorted) cell.removeAttribute("aria-sort");
      else cell.setAttribute("aria-sort", this.sort.isDown ? "descending" : "ascending");
    });
    this.arrange();
    this.drawWindow();
  }

  // Columns are as wide as the longest text of any row, also of one out of sight.
  isWider(news) {
    if (!this.pen) return false;
    const before = this.widths.join();
    const { rows } = this.store;
    const all = this.columns.map((_, place) => place);
    const cells = news.isWhole ? [...rows.keys()].map((key) => [key, all]) : news.cells;
    for (const [key, places] of cells) {
      for (const place of places) this.widen(place, rows.get(key).cells[place]);
    }
    return this.widths.join() !== before;
  }

  widen(place, [text, tone]) {
    const { kind } = this.columns[place];
    if (NOT_MEASURED.has(kind)) return;
    // All digits are of one width.
    if (NUMBERS.has(kind) && text.length <= (this.longest[place] ?? 0)) return;
    this.longest[place] = text.length;
    const known = this.measured[place].get(text);
    if (known !== undefined) return;
    const isStrong = tone !== "plain" || kind === "name";
    this.pen.font = `${isStrong ? 700 : 400} ${this.font}`;
    const width = Math.ceil(this.pen.measureText(text).width) + (PILLS.has(tone) ? 14 : 0);
    this.measured[place].set(text, width);
    this.widths[place] = Math.max(this.widths[place], width);
  }

  // Only an element in the page has a font.
  findFont() {
    const style = getComputedStyle(this.root);
    if (this.pen || !this.root.isConnected || !style.fontFamily) return;
    this.font = `${style.fontSize} ${style.fontFamily}`;
    this.pen = document.createElement("canvas").getContext("2d");
    this.pen.font = `600 ${this.font}`;
    this.measured = this.columns.map(() => new Map());
    this.longest = [];
    this.widths = this.columns.map((c) => Math.ceil(this.pen.measureText(`${c.title} \u25B2`).width));
    this.isWider({ isWhole: true });
    this.layOut();
  }

  layOut() {
    let total = 0;
    const columns = this.shown.map((place) => {
      const { kind } = this.columns[place];
      const column = made("col");
      const content = kind === "age" ? AGE_WIDTH : this.widths[place];
      const width = kind === "prose" ? PROSE_WIDTH : content + (kind === "bar" ? BAR_WIDTH : 0) + 14;
      if (kind !== "prose") column.style.width = `${width}px`;
      total += width;
      return column;
    });
    this.group.replaceChildren(...columns);
    this.table.style.minWidth = `${total}px`;
  }

  // Scrolling draws rows only where those that are drawn are about to end.
  follow() {
    const first = Math.floor(this.scroller.scrollTop / ROW_HEIGHT);
    const last = first + Math.ceil(this.room / ROW_HEIGHT);
    const isAbove = this.from > 0 && first - this.from < NEAR_ROWS;
    const end = this.from + this.elements.size;
    if (isAbove || (end < this.keys.length && end - last < NEAR_ROWS)) this.drawWindow();
  }

  drawWindow() {
    const count = Math.ceil((this.room - this.headHeight) / ROW_HEIGHT);
    const here = Math.floor(this.scroller.scrollTop / ROW_HEIGHT);
    const first = Math.max(0, Math.min(here, this.keys.length - count));
    const from = Math.max(0, first - SPARE_ROWS);
    this.from = from;
    const keys = this.keys.slice(from, first + count + SPARE_ROWS);
    const kept = new Map();
    keys.forEach((key, index) => {
      const row = this.elements.get(key) ?? this.drawRow(key);
      row.setAttribute("aria-rowindex", String(from + index + 2));
      kept.set(key, row);
    });
    // A row that stays is not touched: what is put in anew is laid out anew.
    for (const [key, row] of this.elements) if (!kept.has(key)) row.remove();
    let next = this.body.firstChild;
    for (const row of kept.values()) {
      if (row === next) next = next.nextSibling;
      else this.body.insertBefore(row, next);
    }
    this.elements = kept;
    this.above.grow(from);
    this.below.grow(this.keys.length - from - keys.length);
  }

  drawRow(key) {
    const row = made("tr");
    row.dataset.key = key;
    row.id = `${this.id()}-${key}`;
    for (const place of this.shown) {
      const { kind } = this.columns[place];
      const cell = made(kind === "name" ? "th" : "td", kind);
      if (kind === "name") cell.scope = "row";
      if (kind !== "age") cell.append(written(""));
      if (kind === "bar") cell.append(lane());
      row.append(cell);
      this.fill(cell, key, place);
    }
    this.mark(row, key);
    this.age(row, key);
    return row;
  }

  fill(cell, key, place) {
    const { kind } = this.columns[place];
    if (kind === "age") return;
    const [text, tone] = this.store.rows.get(key).cells[place];
    const [content, beside] = cell.children;
    // What is there is written over: new elements cost several times as much.
    if (content.className !== `tone-${tone}`) content.className = `tone-${tone}`;
    content.firstChild.data = text;
    if (kind === "prose") cell.title = text;
    if (kind === "bar") drawBar(beside, numberIn(text));
  }

  mark(row, key) {
    row.classList.toggle("stale", this.store.rows.get(key).isStale);
    row.setAttribute("aria-selected", String(key === this.chosen));
  }

  age(row, key) {
    const place = this.shown.findIndex((p) => this.columns[p].kind === "age");
    if (place < 0) return;
    const told = this.store.rows.get(key);
    const age = this.store.ageOf(told);
    const text = age === null ? "stored" : ageInWords(age);
    const isOld = told.isStale || age === null || age >= OLD_SECONDS;
    const cell = row.children[place];
    if (cell.textContent !== text) cell.textContent = text;
    cell.classList.toggle("tone-warn", isOld);
  }

  // Draw the changed cells of a row anew, if it is in the page; gives what is to flash.
  redraw(key, cells) {
    const row = this.elements.get(key);
    if (row === undefined) return [];
    this.mark(row, key);
    const places = (cells === "all" ? this.shown : cells)
      .map((place) => [place, this.shown.indexOf(place)])
      .filter(([place, index]) => index >= 0 && this.columns[place].kind !== "age");
    for (const [place, index] of places) this.fill(row.children[index], key, place);
    const changed = places.map(([, index]) => row.children[index]);
    return changed.length ? [...changed, row.children[this.shown.indexOf(this.name)]] : [];
  }

  tick() {
    for (const [key, row] of this.elements) this.age(row, key);
  }

  press(event) {
    if (event.target !== this.table || event.ctrlKey || event.metaKey || event.altKey) return;
    const last = this.keys.length - 1;
    const here = this.keys.indexOf(this.chosen);
    const page = Math.max(1, Math.floor(this.room / ROW_HEIGHT) - 2);
    const steps = { ArrowDown: here + 1, ArrowUp: here - 1, PageDown: here + page };
    Object.assign(steps, { PageUp: here - page, Home: 0, End: last });
    if (event.key === "Escape") this.choose(null);
    else if (event.key in steps) this.choose(this.keys[Math.max(0, Math.min(last, steps[event.key]))]);
    else return;
    event.preventDefault();
  }

  choose(key) {
    this.chosen = key ?? null;
    if (this.chosen !== null) this.reveal(this.keys.indexOf(this.chosen));
    this.drawWindow();
    for (const [each, row] of this.elements) this.mark(row, each);
    if (this.chosen === null) this.table.removeAttribute("aria-activedescendant");
    else this.table.setAttribute("aria-activedescendant", `${this.id()}-${this.chosen}`);
    this.describe();
  }

  reveal(index) {
    const top = index * ROW_HEIGHT;
    const room = this.room - this.headHeight - ROW_HEIGHT;
    const { scrollTop } = this.scroller;
    if (top < scrollTop) this.scroller.scrollTop = top;
    else if (top > scrollTop + room) this.scroller.scrollTop = top - room;
  }

  // Everything that is known of the chosen row, in full.
  describe() {
    this.detail.hidden = this.chosen === null;
    if (this.chosen === null) return;
    const { cells } = this.store.rows.get(this.chosen);
    const list = made("dl");
    this.columns.forEach((column, place) => {
      if (!["name", "prose", "detail"].includes(column.kind) || cells[place][0] === "") return;
      const term = made("dt");
      term.textContent = column.title;
      const text = made("dd", `tone-${cells[place][1]}`);
      text.textContent = cells[place][0];
      list.append(term, text);
    });
    if (this.detail.textContent !== list.textContent) this.detail.replaceChildren(list);
  }

  id() {
    this.ownId ??= `sellkit-${Math.random().toString(36).slice(2)}`;
    return this.ownId;
  }

  remove() {
    clearInterval(this.ticker);
    this.resized.disconnect();
    this.store.listeners.delete(this.onNews);
  }
}
