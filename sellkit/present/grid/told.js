// What the kernel has told of the table; all views of a page share it.
class Store {
  constructor() {
    this.rows = new Map();
    this.order = [];
    this.number = -1;
    this.at = null;
    this.offset = 0;
    this.listeners = new Set();
  }

  takeTime(now) {
    // The desk's clock may be a gateway's virtual one, far from this machine's.
    if (now !== null && now !== undefined) this.offset = now - Date.now();
  }

  takeWhole(whole) {
    if (whole.n === undefined || whole.n < this.number) return;
    this.takeTime(whole.now);
    this.rows = new Map(Object.entries(whole.rows).map(([key, row]) => [key, rowOf(row)]));
    this.order = whole.order;
    this.at = whole.at;
    this.number = whole.n;
    this.tell({ isWhole: true, cells: new Map() });
  }

  // Take in a change; false when one before it was missed.
  takeChange(change) {
    if (change.n <= this.number) return true;
    if (change.n !== this.number + 1) return false;
    const wasEmpty = this.rows.size === 0;
    const cells = new Map();
    for (const [key, told] of Object.entries(change.rows ?? {})) {
      const row = this.rows.get(key);
      if (row === undefined) {
        this.rows.set(key, rowOf({ ...told, c: Object.values(told.c) }));
        cells.set(key, "all");
        continue;
      }
      for (const [place, cell] of Object.entries(told.c ?? {})) row.cells[place] = toned(cell);
      if ("a" in told) row.at = told.a;
      if ("s" in told) row.isStale = Boolean(told.s);
      cells.set(key, Object.keys(told.c ?? {}).map(Number));
    }
    for (const key of change.gone ?? []) this.rows.delete(key);
    if (change.order) this.order = change.order;
    this.at = change.at;
    this.number = change.n;
    // A table that is just there has not changed.
    this.tell({ isWhole: Boolean(change.order), cells: wasEmpty ? new Map() : cells });
    return true;
  }

  ageOf(row) {
    const at = row.at === "usual" ? this.at : row.at;
    return at === null ? null : Math.max(0, (Date.now() + this.offset - at) / 1000);
  }

  tell(news) {
    for (const listener of this.listeners) listener(news);
  }
}

function rowOf(told) {
  return { cells: told.c.map(toned), at: told.a, isStale: Boolean(told.s) };
}

function toned(cell) {
  return typeof cell === "string" ? [cell, "plain"] : cell;
}
