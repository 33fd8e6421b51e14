// A table of rows that change in place. The kernel tells the whole table once and then what changes;
// the page keeps all rows in memory, and only those in sight as elements. It is one module with
// cells.js, told.js and view.js before it.

// A page may outlive its kernel; what it says then is said to nobody.
function say(model, content) {
  try {
    model.send(content);
  } catch {
    return false;
  }
  return true;
}

export default () => {
  const store = new Store();
  return {
    initialize({ model }) {
      store.takeWhole(model.get("whole"));
      model.on("change:whole", () => store.takeWhole(model.get("whole")));
      model.on("msg:custom", (content) => {
        store.takeTime(content.now);
        if (content.change && !store.takeChange(content.change)) say(model, { have: store.number });
      });
      // What was told between the making of the table and this line is asked for.
      say(model, { have: store.number });
    },
    render({ model, el }) {
      const view = new View(store, model.get("columns"), model.get("label"), el);
      const grey = () => view.root.classList.toggle("away", model.get("is_away"));
      grey();
      model.on("change:is_away", grey);
      // A notebook that is closed cannot say so any more: it is missed.
      const beat = () => say(model, { seen: true });
      const beating = setInterval(beat, model.get("beat") * 1000);
      beat();
      return () => {
        clearInterval(beating);
        model.off("change:is_away", grey);
        view.remove();
      };
    },
  };
};
