// What waits for a yes or no in the panel that assigns averages, and the keys that it knows.

const MARKS = { '+': 'new', '-': 'gone', ' ': 'same' };
const SPOKEN = { '+': 'new: ', '-': 'gone: ' };

function difference(lines) {
  return make('ol', { class: 'difference' }, ...lines.map(([mark, text]) => {
    const spoken = mark in SPOKEN ? [make('span', { class: 'spoken' }, SPOKEN[mark])] : [];
    const shown = make('span', { class: 'mark', 'aria-hidden': 'true' }, mark);
    return make('li', { class: MARKS[mark] ?? 'gap' }, shown, ...spoken, text);
  }));
}

// The title, what stands under it, and the acts with their names; null when nothing waits.
function questionOf({ kind = '', path = '', lines = [] }) {
  if (kind === 'preview') {
    return {
      title: 'This will be written', more: `to ${path}`, content: difference(lines),
      acts: [['confirm', 'Confirm'], ['cancel', 'Do not write']],
    };
  }
  if (kind === 'conflict') {
    return {
      title: 'Somebody else changed the file', more: 'while you had changes that are not saved.',
      content: make('ul', {}, ...lines.map((line) => make('li', {}, line))),
      acts: [['keep', 'Keep my changes'], ['reload', 'Reload, and drop my changes']],
    };
  }
  return null;
}

function keys() {
  const told = [
    ['letters, on the box of a row', 'go to the filter'],
    ['Enter or ↓, in the filter', 'to the first row: its selector, or its box'],
    ['↑ ↓ Home End Page, on a box', 'to another row; → or Enter: to its selector; Space: select it'],
    ['↑ ↓ or letters, in a selector', 'another average'],
    ['Ctrl+B', 'to the average for the selected rows'],
    ['Ctrl+Z · Ctrl+S · Esc', 'undo · save · back to the filter, or out of the preview'],
  ];
  return make('details', { class: 'keys' }, make('summary', {}, 'Keys'),
    make('dl', {}, ...told.flatMap(([key, what]) => [make('dt', {}, key), make('dd', {}, what)])));
}
