// Shows the rows of the table that the fields of the form let through.
const form = document.querySelector("form");
const rows = [...document.querySelectorAll("tr[data-day]")];
const status = document.querySelector("[role=status]");

function takes(row, wanted) {
  const said = row.dataset;
  return (
    (!wanted.since || said.day >= wanted.since) &&
    (!wanted.until || said.day <= wanted.until) &&
    (!wanted.mode || said.mode === wanted.mode) &&
    (!wanted.verdict || said.verdict === wanted.verdict) &&
    (!wanted.token || said.tokens.includes(wanted.token.trim().toUpperCase()))
  );
}

function filter() {
  const wanted = Object.fromEntries(new FormData(form));
  let shown = 0;
  for (const row of rows) {
    row.hidden = !takes(row, wanted);
    shown += row.hidden ? 0 : 1;
  }
  status.textContent = `${shown} of ${rows.length} runs`;
}

form.addEventListener("input", filter);
form.addEventListener("submit", (event) => event.preventDefault());
// The fields are empty only after the event is over.
form.addEventListener("reset", () => setTimeout(filter));
filter();
