// A piece of HTML in which ages and countdowns go on by themselves, so that no second is told. late.js
// stands before it in the same module.

function words(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const days = Math.floor(hours / 24);
  if (days >= 2) return `${days} days ${hours % 24} h`;
  if (hours) return `${hours} h ${minutes} min`;
  if (minutes) return `${minutes} min ${whole % 60} s`;
  return `${whole} s`;
}

function tick(el, offset) {
  const now = Date.now() + offset;
  for (const each of el.querySelectorAll("[data-since]")) {
    const here = each.dataset.clock === "machine" ? Date.now() : now;
    write(each, words((here - Number(each.dataset.since)) / 1000));
  }
  for (const each of el.querySelectorAll("[data-until]")) {
    const left = (Number(each.dataset.until) - now) / 1000;
    write(each, left > 0 ? `in ${words(left)}` : each.dataset.due ?? "now");
  }
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export default {
  initialize({ model }) {
    hearThoughLate(model);
  },
  render({ model, el }) {
    let offset = 0;
    el.classList.add("sellkit-ticking");
    const takeTime = () => {
      const now = model.get("now");
      // The desk's clock may be a gateway's virtual one, far from this machine's.
      offset = now === null ? 0 : now - Date.now();
      tick(el, offset);
    };
    const draw = () => {
      el.innerHTML = model.get("markup"); // escaped where it was made
      tick(el, offset);
    };
    draw();
    takeTime();
    model.on("change:markup", draw);
    model.on("change:now", takeTime);
    // A page that was opened later holds an old time.
    try {
      model.send({ time: true });
    } catch {
      // The page outlived its kernel: what it shows stays as it was.
    }
    const ticker = setInterval(() => tick(el, offset), 1000);
    return () => {
      clearInterval(ticker);
      model.off("change:markup", draw);
      model.off("change:now", takeTime);
    };
  },
};
