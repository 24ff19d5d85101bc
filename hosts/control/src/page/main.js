// What is asked when.

let before = null;
let turn = 0;

// The service that the address of the page is about, if it is about one.
function chosen() {
  const found = location.hash.match(/^#service=(.+)$/s);
  if (!found) return null;
  try {
    return decodeURIComponent(found[1]);
  } catch {
    return null;
  }
}

async function showFleet() {
  const [fleet, procedures] = await Promise.all([ask("/v1/fleet"), ask("/v1/procedures")]);
  const now = { at: performance.now(), calls: fleet.counters.calls, buckets: bucketsOf(procedures.items) };
  const since = before && now.calls >= before.calls ? before : null;
  const calls = since ? ((now.calls - since.calls) * 1000) / (now.at - since.at) : fleet.load.calls_per_second;
  const recent = now.buckets.map((sum, index) => Math.max(0, sum - (since ? since.buckets[index] : sum)));
  const answered = recent.some((some) => some > 0);
  before = now;
  plots.calls.add([calls]);
  plots.latency.add(answered ? [quantile(recent, 0.5), quantile(recent, 0.99)] : [null, null]);
  plots.memory.add([fleet.resident_bytes, memoryOf(fleet.memory)]);
  byId("about").textContent = `${fleet.version}, up for ${age(fleet.uptime_seconds)}`;
  const states = Object.entries(fleet.services).filter(([, number]) => number > 0);
  const item = ([state, number]) => element("li", { class: state }, `${number} ${state}`);
  byId("counts").replaceChildren(...states.map(item));
  return fleet.is_ending ? "The process is ending." : "";
}

// Shows what is chosen now. An answer that comes after a newer question is not shown.
async function refresh() {
  const mine = (turn += 1);
  const name = chosen();
  byId("fleet").hidden = name !== null;
  byId("detail").hidden = name === null;
  document.title = name === null ? "vnfsd" : `${name} – vnfsd`;
  byId("title").replaceChildren(strange(name ?? ""));
  try {
    const show = await (name === null ? askList() : askDetail(name));
    if (mine === turn) show();
  } catch (error) {
    if (mine === turn) tell(error);
  }
}

function tell(error) {
  const words = error.status ? error.message : "The process does not answer; it is asked again.";
  byId("news").replaceChildren(strange(words));
}

async function collect() {
  try {
    byId("news").textContent = await showFleet();
    await refresh();
  } catch (error) {
    tell(error);
  }
  setTimeout(collect, EVERY_MS);
}

byId("plots").append(...Object.values(plots).map((plot) => plot.figure));
prepareList();
addEventListener("hashchange", async () => {
  await refresh();
  (chosen() === null ? byId("search") : byId("title")).focus();
});
collect();
