// Plots of the last ten minutes, which this page collects itself.

const EVERY_MS = 2000;
const POINTS_MAX = (10 * 60 * 1000) / EVERY_MS;
const WIDE = 300;
const HIGH = 100;

class Plot {
  // `lines` are the names of its lines; `unit` turns a value into words.
  constructor(title, lines, unit) {
    this.unit = unit;
    this.points = [];
    this.now = element("output", {}, "–");
    this.most = element("span", {}, "");
    this.paths = lines.map((_, index) => drawing("path", index ? { class: "second" } : {}));
    this.picture = drawing(
      "svg",
      { class: "plot", role: "img", viewBox: `0 0 ${WIDE} ${HIGH}`, preserveAspectRatio: "none" },
      drawing("line", { x1: 0, x2: WIDE, y1: HIGH, y2: HIGH }),
      ...this.paths,
    );
    this.title = title;
    const legend = lines.length > 1 ? " (" + lines.join(", dashed ") + ")" : "";
    this.figure = element(
      "figure",
      {},
      element("figcaption", {}, title + legend, this.now),
      this.picture,
      element("div", { class: "scale" }, this.most, element("span", {}, "last 10 minutes")),
    );
  }

  // A value for each line; null where there is none.
  add(values) {
    this.points.push(values);
    if (this.points.length > POINTS_MAX) this.points.shift();
    const known = this.points.flat().filter((value) => value !== null);
    const most = Math.max(0, ...known);
    this.paths.forEach((path, line) => path.setAttribute("d", this.path(line, most || 1)));
    const words = values.map((value) => (value === null ? "–" : this.unit(value))).join(" / ");
    this.now.textContent = words;
    this.most.textContent = "top: " + this.unit(most);
    this.picture.setAttribute("aria-label", `${this.title}: now ${words}, at most ${this.unit(most)}`);
  }

  path(line, most) {
    const from = POINTS_MAX - this.points.length;
    let pen = "M";
    return this.points.map((values, index) => {
      const value = values[line];
      if (value === null) {
        pen = "M";
        return "";
      }
      const x = ((from + index) * WIDE) / (POINTS_MAX - 1);
      const y = HIGH - (value / most) * (HIGH - 4);
      const step = `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
      // A point alone is seen as a short line.
      const dot = pen === "M" ? `l0.1 0` : "";
      pen = "L";
      return step + dot;
    }).join("");
  }
}

// A histogram of powers of two, as bars.
function bars(buckets) {
  const most = Math.max(1, ...buckets);
  const wide = WIDE / 26;
  const bar = (calls, index) => {
    const high = calls ? Math.max(6, (calls / most) * HIGH) : 0;
    return drawing("rect", { x: index * wide, y: HIGH - high, width: wide * 0.8, height: high });
  };
  const from = buckets.findIndex((calls) => calls > 0);
  const label = from < 0 ? "no calls" : `${duration(2 ** Math.max(0, from - 1))} to ${duration(quantile(buckets, 1))}`;
  return drawing(
    "svg",
    { class: "bars", role: "img", "aria-label": label, viewBox: `0 0 ${WIDE} ${HIGH}`, preserveAspectRatio: "none" },
    ...buckets.map(bar),
  );
}

const plots = {
  calls: new Plot("Operations per second", ["operations"], count),
  latency: new Plot("Latency", ["half", "99 of 100"], duration),
  memory: new Plot("Memory", ["resident", "held by services"], bytes),
};
