// What a cell shows, and by what rows are sorted.

const OLD_SECONDS = 120;
const BAR_HALF = 5; // what half a bar stands for, in the cell's own unit
const LANE_HALF = 29; // pixels of half a bar, as in table.css
const FLASH_MILLISECONDS = 1200;
const FLASHING_CELLS = 80;
const ROW_HEIGHT = 28; // pixels, as in table.css: rows out of sight are reckoned, not measured

function ageInWords(seconds) {
  if (seconds < OLD_SECONDS) return `${Math.floor(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function numberIn(text) {
  const found = /[-+]?[\d,]*\.?\d+/.exec(text);
  return found ? Number(found[0].replaceAll(",", "")) : NaN;
}

function made(name, className = "") {
  const element = document.createElement(name);
  if (className) element.className = className;
  return element;
}

// A piece of text whose node stays when it says something else.
function written(text) {
  const element = made("span");
  element.append(document.createTextNode(text));
  return element;
}

// Stands for rows out of sight: a body of its own, so that readers may pass over it.
function spacer() {
  const body = made("tbody");
  body.setAttribute("aria-hidden", "true");
  const row = made("tr", "sellkit-grid-spacer");
  row.append(made("td"));
  body.append(row);
  return {
    body,
    grow(rows) {
      body.hidden = rows <= 0;
      row.style.height = `${Math.max(0, rows) * ROW_HEIGHT}px`;
    },
  };
}

// A bar from the middle: to the left while the price is above its average, to the right below it.
// It is a background: an element of its own in each row would be laid out and painted by itself.
function lane() {
  const element = made("span");
  element.setAttribute("aria-hidden", "true");
  return element;
}

function drawBar(element, value) {
  const share = Math.min(1, Math.abs(value) / BAR_HALF);
  const side = value > 0 ? "below" : "above";
  const name = Number.isNaN(value) ? "lane" : `lane ${side}${share === 1 ? " beyond" : ""}`;
  if (element.className !== name) element.className = name;
  element.style.backgroundSize = name === "lane" ? "" : `1px 100%, ${share * LANE_HALF}px 6px`;
}

// Let cells flash, a frame after they changed: what they say is not to wait for it. Where nearly all
// change at once, as at the end of an hour, the names of the rows are enough.
function flash(changed) {
  const isMuch = changed.length > FLASHING_CELLS;
  const cells = isMuch ? changed.filter((cell) => cell.tagName === "TH") : changed;
  const end = () => cells.forEach((cell) => cell.classList.remove("changed"));
  requestAnimationFrame(() => setTimeout(() => {
    for (const cell of cells) cell.classList.add("changed");
    setTimeout(end, FLASH_MILLISECONDS);
  }));
}

function compared(a, b, isDown) {
  // What is unknown stands last, whichever way it is sorted.
  const isMissing = (value) => Number.isNaN(value) || value === "-" || value === "";
  if (isMissing(a) || isMissing(b)) return Number(isMissing(a)) - Number(isMissing(b));
  const found = typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true });
  return isDown ? -found : found;
}
