// Whether a page shows something: it says so when it is asked, and at once when it leaves.

// A page may outlive its kernel; what it says then is said to nobody.
function say(model, content) {
  try {
    model.send(content);
  } catch {
    return false;
  }
  return true;
}

// Answer for a view as long as it is there; gives what ends it.
function attend(model) {
  const seen = () => say(model, { seen: true });
  const left = () => say(model, { seen: false });
  const answer = (content) => content.ask && seen();
  model.on("msg:custom", answer);
  // A window that is closed removes no view.
  window.addEventListener("pagehide", left);
  window.addEventListener("pageshow", seen);
  seen();
  return () => {
    model.off("msg:custom", answer);
    window.removeEventListener("pagehide", left);
    window.removeEventListener("pageshow", seen);
    left();
  };
}
