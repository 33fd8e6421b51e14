// Names charts for whoever does not see them, and brings the news of a live chart into the figure
// that JupyterLab drew. JupyterLab never draws a figure anew; plotly does, and keeps the reader's
// zoom. late.js and attend.js stand before it in the same module.

const LOOK_AGAIN = 500; // milliseconds

function nameChart(plot) {
  const summary = plot.layout?.meta?.summary;
  if (!summary || plot.getAttribute("aria-label") === summary) return;
  plot.setAttribute("role", "figure");
  plot.setAttribute("aria-label", summary);
}

// Every chart of the page, also one that is drawn later, in whichever notebook.
function nameCharts() {
  if (window.sellkitNames) return;
  let later = null;
  const look = () => {
    later = null;
    document.querySelectorAll(".js-plotly-plot").forEach(nameChart);
  };
  window.sellkitNames = new MutationObserver(() => {
    later ??= setTimeout(look, LOOK_AGAIN);
  });
  window.sellkitNames.observe(document.body, { childList: true, subtree: true });
  look();
}

class LiveFigure {
  constructor(model) {
    this.model = model;
    this.news = null;
    this.plots = [];
    this.hear = (content) => content.figure && this.take(content.figure);
    model.on("msg:custom", this.hear);
    this.timer = setInterval(() => this.draw(), LOOK_AGAIN);
    // A page that was opened later shows what was saved.
    say(model, { want: true });
  }

  take(figure) {
    this.news = figure;
    this.draw();
  }

  async draw() {
    if (this.news === null || this.isDrawing) return;
    this.isDrawing = true;
    const { data, layout, config } = this.news;
    const found = [...document.querySelectorAll(".js-plotly-plot")].filter(
      (each) => each.layout?.meta?.live === layout.meta.live && each.querySelector(".plot-container"),
    );
    if (found.length) this.plots = found;
    // JupyterLab takes cells that are out of sight off the page: they are drawn when they are back.
    if (found.length && window.Plotly) {
      this.news = null;
      for (const each of found) {
        if (each.layout.meta.number < layout.meta.number) {
          await window.Plotly.react(each, data, layout, config);
        }
        nameChart(each);
      }
    }
    if (this.plots.length && window.Plotly) say(this.model, { draws: layout.meta.number });
    this.isDrawing = false;
  }

  end() {
    clearInterval(this.timer);
    this.model.off("msg:custom", this.hear);
  }
}

export default {
  initialize({ model }) {
    hearThoughLate(model);
    nameCharts();
  },
  render({ model, el }) {
    // There is nothing to be seen of it, nor a place to be left for it.
    el.style.display = "none";
    const figure = new LiveFigure(model);
    const leave = attend(model);
    return () => {
      leave();
      figure.end();
    };
  },
};
