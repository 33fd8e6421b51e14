// A table of rows that change in place. The kernel tells the whole table once and then what changes;
// the page keeps all rows in memory, and only those in sight as elements. It is one module with
// late.js, attend.js, cells.js, told.js and view.js before it.

export default () => {
  const store = new Store();
  return {
    initialize({ model }) {
      hearThoughLate(model);
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
      const leave = attend(model);
      return () => {
        leave();
        model.off("change:is_away", grey);
        view.remove();
      };
    },
  };
};
