/**
 * Measures placement at the sizes that docs/internals/placement.md tells: spread, movement, time.
 *
 * Usage: node libs/optimizer/bench/placement.mjs [--json]; needs `nx build optimizer` before.
 * Every figure but the times is the same on every machine.
 */
import optimizer from '../dist/index.js';

const { buildTopology, choosePgCount, computeTarget, createPgMap, failureBudget } = optimizer;
const { placePg, planTransitions } = optimizer;
const TIB = 2 ** 40;

const CLUSTERS = [
  { name: '3 × 4', nodes: 3, perNode: 4, replicas: 2 },
  { name: '8 × 6', nodes: 8, perNode: 6, replicas: 2 },
  { name: '16 × 12, sizes 1 to 4', nodes: 16, perNode: 12, replicas: 3, sizes: [1, 2, 4] },
  { name: '64 × 12', nodes: 64, perNode: 12, replicas: 3 },
  { name: '64 × 12, sizes 1 to 4', nodes: 64, perNode: 12, replicas: 3, sizes: [1, 2, 4] },
];

function store(id, node, sizeTib = 1) {
  const place = { id, node, chassis: null, rack: null, class: 'ssd' };
  const size = { sizeBytes: sizeTib * TIB, usedBytes: 0, weight: sizeTib };
  return { ...place, ...size, admin: 'in', alive: true, downSinceMs: null, stoppedClean: false };
}

function storesOf({ nodes, perNode, sizes = [1] }) {
  return Array.from({ length: nodes * perNode }, (_, index) =>
    store(index + 1, `n${Math.floor(index / perNode)}`, sizes[index % sizes.length]),
  );
}

/** With the processor time it took, which other programs on the machine change little. */
function timed(work) {
  const started = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(started);
  return { result, ms: Math.round((user + system) / 1000) };
}

/** Largest distances from the fair share, in copies: below and above. */
function spread(pool, stores, target) {
  const counts = new Map();
  for (const id of target.flat()) counts.set(id, (counts.get(id) ?? 0) + 1);
  const usable = buildTopology(pool, stores).stores.filter((entry) => entry.usable);
  const excess = usable.map(({ fact, share }) => (counts.get(fact.id) ?? 0) - share);
  return [Math.min(...excess), Math.max(...excess)].map((value) => Math.round(value * 100) / 100);
}

/** Part of all copies that has to be made, that which goes to `expected` stores, and the rest. */
function movement(map, target, expected) {
  const moved = { expected: 0, others: 0 };
  for (const [pg, ids] of target.entries()) {
    const has = new Set(map.pgs[pg].members.map((member) => member.store));
    for (const id of ids) {
      if (!has.has(id)) moved[expected(id) ? 'expected' : 'others'] += 1;
    }
  }
  return moved;
}

const percent = (part, whole) => `${((100 * part) / whole).toFixed(2)} %`;

function measure(cluster) {
  const stores = storesOf(cluster);
  const { replicas } = cluster;
  const pgCount = choosePgCount({ stores: stores.length, replicas });
  const pool = { id: 1, pgCount, replicas, class: 'ssd', failureDomain: 'node' };
  const copies = pgCount * replicas;
  const weight = (list) => list.reduce((sum, entry) => sum + entry.weight, 0);
  const topology = buildTopology(pool, stores);
  const drawn = Array.from({ length: pgCount }, (_, pg) => placePg(topology, pg));
  const made = timed(() => createPgMap(pool, stores));
  const map = made.result;
  const targetOf = (list) => timed(() => computeTarget({ map, stores: list }));

  const id = stores.length + 1;
  const added = [...stores, store(id, 'n0')];
  const drive = targetOf(added);
  const node = Array.from({ length: cluster.perNode }, (_, at) => store(id + at, 'new'));
  const grown = targetOf([...stores, ...node]);
  const drained = stores.map((entry) => (entry.id === 1 ? { ...entry, admin: 'draining' } : entry));
  const drain = targetOf(drained);
  const without = stores.map((entry) =>
    entry.node === 'n1' ? { ...entry, alive: false, downSinceMs: 0 } : entry,
  );
  const dead = targetOf(without);
  const held = (name) =>
    map.pgs.filter(({ members }) =>
      members.some((member) => stores[member.store - 1][name === 'n1' ? 'node' : 'id'] === name),
    ).length;
  const input = { map, target: dead.result.target, stores: without, nowMs: 1 };
  const planned = timed(() => planTransitions(input));
  const budget = timed(() => failureBudget(map, stores));
  const toDrive = movement(map, drive.result.target, (to) => to === id);
  const toNode = movement(map, grown.result.target, (to) => to >= id);
  const offDrive = movement(map, drain.result.target, () => true);
  const offNode = movement(map, dead.result.target, () => true);
  return {
    cluster: cluster.name,
    groups: pgCount,
    straw2Alone: spread(pool, stores, drawn),
    spread: spread(
      pool,
      stores,
      map.pgs.map(({ members }) => members.map((m) => m.store)),
    ),
    addDrive: `${percent(toDrive.expected, copies)} + ${toDrive.others}`,
    addDriveIdeal: percent(1, weight(added)),
    addNode: `${percent(toNode.expected, copies)} + ${toNode.others}`,
    addNodeIdeal: percent(weight(node), weight([...stores, ...node])),
    drainDrive: `${offDrive.expected} of ${held(1)}`,
    nodeDies: `${offNode.expected} of ${held('n1')}`,
    createMs: made.ms,
    addDriveMs: drive.ms,
    nodeDiesMs: dead.ms,
    planMs: planned.ms,
    steps: planned.result.steps.length,
    budgetMs: budget.ms,
  };
}

const rows = CLUSTERS.map(measure);
if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
else console.table(Object.fromEntries(rows.map(({ cluster, ...row }) => [cluster, row])));
