// All services, a page at a time: searched, sorted and counted by the server.

const ROWS = 50;
const wish = { order: "calls", skip: 0 };

const columns = [
  { title: "Service", kind: "name", order: "name", cell: link },
  { title: "State", cell: stateOf },
  { title: "Operations/s", number: true, order: "calls", cell: (it) => count(it.load.calls_per_second) },
  { title: "In/s", number: true, cell: (it) => bytes(it.load.received_bytes_per_second) },
  { title: "Out/s", number: true, cell: (it) => bytes(it.load.sent_bytes_per_second) },
  { title: "Latency", number: true, order: "latency", cell: (it) => duration(it.load.call_microseconds) },
  { title: "CPU", number: true, order: "busy", cell: (it) => (it.load.busy * 100).toFixed(1) + " %" },
  { title: "Memory", number: true, order: "memory", cell: (it) => bytes(memoryOf(it.memory)) },
  { title: "Cache hits", number: true, cell: hits },
  { title: "Connections", number: true, cell: (it) => count(it.counters.connections) },
];

function link(service) {
  const attributes = { href: "#service=" + encodeURIComponent(service.name), "data-name": service.name };
  return element("a", attributes, strange(service.name));
}

function stateOf(service) {
  const attributes = { class: service.state };
  if (service.reason) attributes.title = service.reason;
  return element("span", attributes, service.state);
}

function hits({ counters }) {
  const asked = counters.cache_hits + counters.cache_misses;
  return asked ? ((counters.cache_hits * 100) / asked).toFixed(0) + " %" : "–";
}

const memoryOf = (memory) => Object.values(memory).reduce((sum, part) => sum + part, 0);

// Text as a pattern that means just that text.
const plain = (text) => text.replace(/[*?[\]]/g, (character) => "[" + character + "]");

// Asks for the page that is wished for, and returns what shows it.
async function askList() {
  const query = new URLSearchParams({ order: wish.order, limit: ROWS, skip: wish.skip });
  const search = byId("search").value;
  if (search) query.set("name", "*" + plain(search) + "*");
  if (byId("state").value) query.set("state", byId("state").value);
  const services = await ask("/v1/services?" + query);
  return () => showList(services);
}

function showList(services) {
  const last = Math.min(wish.skip + services.items.length, services.total);
  const sorting = { order: wish.order, choose: (order) => look({ order, skip: 0 }) };
  fill(byId("services"), "Services", columns, services.items, sorting);
  byId("place").textContent = last ? `${wish.skip + 1} to ${last} of ${services.total}` : "none";
  byId("previous").disabled = wish.skip === 0;
  byId("next").disabled = last >= services.total;
}

function look(change) {
  Object.assign(wish, change);
  refresh();
}

function prepareList() {
  for (const state of ["waiting", "starting", "resting", "serving", "paused", "stopping", "stopped", "failed"]) {
    byId("state").append(element("option", { value: state }, state));
  }
  byId("wishes").addEventListener("submit", (event) => event.preventDefault());
  byId("search").addEventListener("input", () => look({ skip: 0 }));
  byId("state").addEventListener("change", () => look({ skip: 0 }));
  byId("previous").addEventListener("click", () => look({ skip: Math.max(0, wish.skip - ROWS) }));
  byId("next").addEventListener("click", () => look({ skip: wish.skip + ROWS }));
}
