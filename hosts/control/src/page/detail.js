// One service: what it is, what it was asked, and by whom.

const clientColumns = [
  { title: "Client", kind: "name", cell: (it) => strange(it.address) },
  { title: "Connections", number: true, cell: (it) => count(it.connections) },
  { title: "Mounted", kind: "name", cell: (it) => strange(it.mounts.join(" ")) },
  { title: "Calls", number: true, cell: (it) => count(it.calls) },
  { title: "Bytes", number: true, cell: (it) => bytes(it.bytes) },
  { title: "Last call", cell: (it) => (it.last_call ? moment(it.last_call) : "–") },
];

const procedureColumns = [
  { title: "Procedure", cell: (it) => strange(`${it.program}v${it.version} ${it.name}`) },
  { title: "Calls", number: true, cell: (it) => count(it.calls) },
  { title: "Errors", number: true, cell: (it) => count(it.errors) },
  { title: "Half within", number: true, cell: (it) => duration(quantile(it.latency.buckets, 0.5)) },
  { title: "99 of 100 within", number: true, cell: (it) => duration(quantile(it.latency.buckets, 0.99)) },
  { title: "1 µs to 16 s", cell: (it) => bars(it.latency.buckets) },
];

const slowColumns = [
  { title: "Took", number: true, cell: (it) => duration(it.microseconds) },
  { title: "Procedure", cell: (it) => strange(it.procedure) },
  { title: "Client", kind: "name", cell: (it) => strange(it.client) },
  { title: "When", cell: (it) => moment(it.at) },
];

function facts(service) {
  const { source, space, counters } = service;
  const from = source.image
    ? source.image.path + (source.image.read_only ? " (read-only)" : "")
    : `memory, up to ${bytes(source.memory.size_bytes)}`;
  const rows = [
    ["State", service.state + (service.reason ? ": " + service.reason : "")],
    ["Since", moment(service.since)],
    ["Files from", from],
    ["Format", service.format],
    ["Free", space && `${bytes(space.free_bytes)} of ${bytes(space.total_bytes)}`],
    ["Exports", service.exports.join("\u00a0\u00a0")],
    ["Reached at", service.addresses.join(" ")],
    ["Link", service.link],
    ["Worker", service.worker === null ? null : String(service.worker)],
    ["Labels", Object.entries(service.labels).map((pair) => pair.join("=")).join(" ")],
    ["Operations", `${count(service.load.calls_per_second)} per second, ${count(counters.calls)} in all`],
    ["Memory", `${bytes(memoryOf(service.memory))}, ${bytes(service.memory.dirty_bytes)} not saved yet`],
    ["Waiting calls", count(counters.calls_waiting)],
  ];
  const known = rows.filter(([, words]) => words);
  return known.flatMap(([key, words]) => [element("dt", {}, key), element("dd", {}, strange(words))]);
}

// Asks for all of it, and returns what shows it.
async function askDetail(name) {
  const path = "/v1/services/" + encodeURIComponent(name);
  const parts = ["", "/procedures", "/clients", "/slowest"];
  const [service, procedures, clients, slowest] = await Promise.all(parts.map((part) => ask(path + part)));
  return () => showDetail(service, procedures, clients, slowest);
}

function showDetail(service, procedures, clients, slowest) {
  byId("facts").replaceChildren(...facts(service));
  fill(byId("procedures"), "Procedures", procedureColumns, procedures.items);
  fill(byId("clients"), "Clients", clientColumns, clients.items);
  fill(byId("slowest"), "Slowest calls", slowColumns, slowest.items);
}
