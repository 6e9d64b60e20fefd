#!/usr/bin/env node
// Checks that every native file includes only what its layer may (docs/ARCHITECTURE.md).
//
//   node native/check_layers.mjs [--root DIRECTORY] [--json]     exit code 0: the law holds, 1: it is broken
//   node native/check_layers.mjs --self-test                     plants forbidden includes and expects them to be found
//
// Two laws. A layer includes only the layers below it. And what would make the simulator untrue (sockets, threads, clocks,
// randomness, files) is included only in io, and in host, which is no part of the engine; programs and tests are free of the
// second law, for they are the outside world.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ENGINE_LAYERS = [
  'base',
  'io',
  'format',
  'host',
  'store',
  'replication',
  'nbd',
  'engine',
  'sim',
  'tools',
];

/** What each layer may include besides itself. */
const MAY_INCLUDE = {
  base: [],
  io: ['base'],
  format: ['base'],
  host: ['base'],
  store: ['base', 'io', 'format'],
  replication: ['base', 'io', 'format', 'store'],
  nbd: ['base', 'io'],
  engine: ['base', 'io', 'store', 'replication', 'nbd'],
  sim: ENGINE_LAYERS,
  tools: ENGINE_LAYERS,
  fuzz: ENGINE_LAYERS,
  addon: [...ENGINE_LAYERS, 'fuzz'],
};

/** Layers whose tests run on the simulated world. */
const TESTS_MAY_USE_SIM = ['store', 'replication', 'nbd', 'engine'];

/** System headers and the only layers that may include them. */
const RESERVED_HEADERS = [
  { pattern: /^(napi|node_api|js_native_api)\.h$/, layers: ['addon'], always: true },
  { pattern: /^liburing\.h$/, layers: ['io'], always: true },
  { pattern: /^openssl\//, layers: ['io'] },
  {
    pattern: /^(sys\/(socket|un|epoll|eventfd|signalfd|timerfd)\.h|netinet\/.*|arpa\/.*|poll\.h)$/,
    layers: ['io', 'host'],
  },
  {
    pattern:
      /^(thread|mutex|shared_mutex|condition_variable|future|semaphore|barrier|latch|stop_token|pthread\.h)$/,
    layers: ['io', 'host'],
  },
  { pattern: /^(chrono|ctime|time\.h|sys\/time\.h|sys\/times\.h)$/, layers: ['io', 'host'] },
  { pattern: /^(random|sys\/random\.h)$/, layers: ['io', 'host'] },
  {
    pattern: /^(unistd\.h|fcntl\.h|fstream|filesystem|sys\/(ioctl|file|stat|mman)\.h)$/,
    layers: ['io', 'host'],
  },
];

/** These layers talk to the outside world by their nature. */
const WORLDLY_LAYERS = ['sim', 'tools', 'fuzz', 'addon'];

function sourceFilesBelow(directory) {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.(cc|h)$/.test(entry.name))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}

function includesOf(path) {
  const includes = [];
  for (const [index, line] of readFileSync(path, 'utf8').split('\n').entries()) {
    const match = /^\s*#\s*include\s*([<"])([^>"]+)[>"]/.exec(line);
    if (match) includes.push({ line: index + 1, quoted: match[1] === '"', header: match[2] });
  }
  return includes;
}

/** Why `include` may not stand in this file of `layer`, or null. */
function offence(layer, fileName, include) {
  const isTest = /_test\.cc$|^test_|^fakes?\.h$|_fake\.h$/.test(fileName);
  const isProgram = /_main\.cc$/.test(fileName);
  if (include.quoted) {
    const target = include.header.split('/')[0];
    if (!(target in MAY_INCLUDE)) return `"${include.header}" is not written as "layer/file.h"`;
    if (target === layer || MAY_INCLUDE[layer].includes(target)) return null;
    if (isTest && target === 'sim' && TESTS_MAY_USE_SIM.includes(layer)) return null;
    return `${layer} may not include ${target}`;
  }
  for (const { pattern, layers, always } of RESERVED_HEADERS) {
    if (!pattern.test(include.header) || layers.includes(layer)) continue;
    if (!always && (isTest || isProgram || WORLDLY_LAYERS.includes(layer))) continue;
    return `<${include.header}> belongs to ${layers.join(' and ')}`;
  }
  return null;
}

function check(root) {
  const offences = [];
  let filesCount = 0;
  for (const entry of readdirSync(root, { withFileTypes: true })) {
    if (!entry.isDirectory() || !(entry.name in MAY_INCLUDE)) continue;
    for (const path of sourceFilesBelow(join(root, entry.name))) {
      filesCount += 1;
      for (const include of includesOf(path)) {
        const reason = offence(entry.name, basename(path), include);
        if (reason) offences.push({ file: relative(root, path), line: include.line, reason });
      }
    }
  }
  return { filesCount, offences };
}

/** [file, its content, whether it breaks the law] */
const PLANTED = [
  ['base/a.cc', '#include "io/disk.h"\n', true],
  ['io/a.cc', '#include <thread>\n#include <liburing.h>\n#include "base/status.h"\n', false],
  ['io/b.cc', '#include "store/store.h"\n', true],
  ['store/a.cc', '#include "io/disk.h"\n#include "format/journal.h"\n', false],
  ['store/b.cc', '#include "nbd/server.h"\n', true],
  ['store/c.cc', '  #  include <chrono>\n', true],
  ['store/d_test.cc', '#include "sim/disk.h"\n#include <filesystem>\n', false],
  ['store/e.cc', '#include "sim/disk.h"\n', true],
  ['nbd/a.cc', '#include "store/store.h"\n', true],
  ['replication/a.cc', '#include "store/store.h"\n#include "io/stream.h"\n', false],
  ['replication/b.cc', '#include "nbd/server.h"\n', true],
  ['replication/c_test.cc', '#include "sim/sim_executor.h"\n', false],
  ['store/f.cc', '#include "replication/ids.h"\n', true],
  ['nbd/b.h', '#include <sys/socket.h>\n', true],
  ['nbd/c.h', '#include "d.h"\n', true],
  ['engine/a.cc', '#include <napi.h>\n', true],
  ['engine/b_test.cc', '#include <liburing.h>\n', true],
  ['replication/d.cc', '#include <openssl/ssl.h>\n', true],
  ['tools/a_main.cc', '#include "addon/addon.h"\n', true],
  [
    'addon/a.cc',
    '#include <napi.h>\n#include "engine/engine.h"\n#include "host/keeper.h"\n',
    false,
  ],
];

function selfTest() {
  const root = mkdtempSync(join(tmpdir(), 'cairn-layers-'));
  try {
    for (const [file, content] of PLANTED) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), content);
    }
    const found = new Set(check(root).offences.map(({ file }) => file));
    const wrong = PLANTED.filter(([file, , forbidden]) => found.has(file) !== forbidden);
    for (const [file, , forbidden] of wrong) {
      console.error(`${file}: ${forbidden ? 'not found' : 'refused, but allowed'}`);
    }
    console.log(`layers: self-test ${wrong.length === 0 ? 'passed' : 'FAILED'}`);
    return wrong.length === 0;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function main(argv) {
  if (argv.includes('--help')) {
    console.log('usage: check_layers.mjs [--root DIRECTORY] [--json] | --self-test');
    return true;
  }
  if (argv.includes('--self-test')) return selfTest();
  const at = argv.indexOf('--root');
  const root = at >= 0 ? argv[at + 1] : dirname(fileURLToPath(import.meta.url));
  const { filesCount, offences } = check(root);
  if (argv.includes('--json')) {
    console.log(JSON.stringify({ filesCount, offences }));
  } else {
    for (const { file, line, reason } of offences) console.error(`${file}:${line}: ${reason}`);
    console.log(`layers: ${filesCount} files, ${offences.length} forbidden includes`);
  }
  return offences.length === 0;
}

process.exitCode = main(process.argv.slice(2)) ? 0 : 1;
