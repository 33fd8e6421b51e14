// A module that was loaded late hears the kernel all the same. anywidget waits two seconds for a
// module; on a busy machine it may take longer, is drawn then as if nothing were wrong, and
// everything that the kernel tells its model from then on is thrown away.

const PROBE = "sellkit_probe";

// The model behind the one that a module is given: it names itself when an attribute changes.
function modelBehind(model) {
  let found = null;
  const take = (own) => {
    found = own;
  };
  model.on(`change:${PROBE}`, take);
  model.set(PROBE, true);
  model.off(`change:${PROBE}`, take);
  model.set(PROBE, undefined, { unset: true });
  return found;
}

// To be called first when a model is initialized.
function hearThoughLate(model) {
  const own = modelBehind(model);
  const hears = [];
  for (let each = own; each; each = Object.getPrototypeOf(each)) {
    if (Object.hasOwn(each, "_handle_comm_msg")) hears.push(each._handle_comm_msg);
  }
  // Where nothing stands before the model's own way to hear, nothing can throw away.
  if (hears.length < 2 || !own.comm) return;
  const nothing = { content: { data: { method: "nothing" } } };
  hears[0].call(own, nothing).catch(() => {
    console.warn("sellkit: a panel was loaded late; what it missed is asked for");
    own.comm.on_msg((message) => hears[1].call(own, message));
    own.comm.send({ method: "request_state" }, {});
  });
}
