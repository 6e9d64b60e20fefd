/** The engine contract against the real addon, and the five ways a process with an engine can end. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeEngine } from './testing/engine.contract';
import { ADDON_PATH, nativeDescriptors, NativeEngine } from './native-engine';

if (!existsSync(ADDON_PATH)) {
  throw new Error(`${ADDON_PATH} is missing: build the target cairn_programs of native/ first`);
}

const makeDirectory = () => mkdtemp(join(tmpdir(), 'cairn-engine-'));

describeEngine('NativeEngine', async () => {
  const directory = await makeDirectory();
  return {
    open: (onEvent) => NativeEngine.open({ onEvent }),
    path: (name) => join(directory, name),
    dispose: () => rm(directory, { recursive: true }),
  };
});

describe('nativeDescriptors', () => {
  it('makes a listening socket that an engine serves a volume on', async () => {
    const directory = await makeDirectory();
    const engine = NativeEngine.open({ onEvent: () => undefined });
    const ids = {
      clusterId: '6f1f7dd0-0000-4000-8000-000000000001',
      nodeId: '6f1f7dd0-0000-4000-8000-000000000002',
    };
    const path = join(directory, 'drive');
    await engine.call('drive.format', { path, ...ids, createBytes: 256 * 2 ** 20 });
    const { storeId } = await engine.call('store.open', { path });
    const socketPath = join(directory, 's');
    const listenFd = nativeDescriptors().listenUnix(socketPath, 0o600);
    await engine.call('volume.attach', {
      volumeId: '1',
      storeId,
      sizeBytes: 2 ** 20,
      volumeEpoch: 1,
      exportName: 'v',
      listenFd,
    });
    const greeting = await firstBytes(socketPath);
    expect(greeting.toString('latin1')).toContain('NBDMAGICIHAVEOPT');
    await engine.close();
    await rm(directory, { recursive: true });
  });

  it('tells what is wrong with a socket path', () => {
    const descriptors = nativeDescriptors();
    expect(() => descriptors.listenUnix('/nonexistent/directory/s', 0o600)).toThrow(/nonexistent/);
    expect(() => descriptors.listenUnix(`/tmp/${'x'.repeat(200)}`, 0o600)).toThrow();
  });
});

/** What a process with an open store and an attached volume does; it says when it is ready and then ends. */
const PROGRAM = `
const { workerData, isMainThread, Worker } = require('node:worker_threads');
const { addon, directory, ending } = isMainThread ? JSON.parse(process.argv[1]) : workerData;
async function serve() {
  const loaded = { exports: {} };
  process.dlopen(loaded, addon);
  const engine = loaded.exports.createEngine({ onEvent: () => {} });
  const call = async (method, params) => {
    const reply = JSON.parse(await engine.call(JSON.stringify({ method, params })));
    if (!reply.ok) throw new Error(JSON.stringify(reply.error));
    return reply.result;
  };
  const path = directory + '/drive';
  const { storeId } = await call('store.open', { path });
  await call('volume.attach', { volumeId: '1', storeId, sizeBytes: 1048576, volumeEpoch: 1, exportName: 'v',
    socketPath: directory + '/s' });
  // A call that is still under way when the end comes.
  call('volume.list', {}).catch(() => {});
}
async function main() {
  if (isMainThread && ending === 'worker') {
    const worker = new Worker(__filename === '[eval]' ? process.argv[2] : __filename, { eval: true, workerData: { addon, directory, ending } });
    await new Promise((resolve) => worker.once('message', resolve));
    console.log('ready');
    await worker.terminate();
    return;
  }
  await serve();
  if (!isMainThread) {
    require('node:worker_threads').parentPort.postMessage('ready');
    setInterval(() => {}, 1000);
    return;
  }
  console.log('ready');
  if (ending === 'exit') process.exit(7);
  if (ending === 'exception') setImmediate(() => { throw new Error('on purpose'); });
  if (ending === 'signal') setInterval(() => {}, 1000);
}
main();
`;

describe('a process with an engine', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await makeDirectory();
    const engine = NativeEngine.open({ onEvent: () => undefined });
    await engine.call('drive.format', {
      path: join(directory, 'drive'),
      clusterId: '6f1f7dd0-0000-4000-8000-000000000001',
      nodeId: '6f1f7dd0-0000-4000-8000-000000000002',
      createBytes: 256 * 2 ** 20,
    });
    await engine.close();
  });
  afterEach(() => rm(directory, { recursive: true }));

  const endings = [
    { ending: 'natural', code: 0, signal: null, clean: true },
    { ending: 'exit', code: 7, signal: null, clean: true },
    { ending: 'exception', code: 1, signal: null, clean: true },
    { ending: 'signal', code: null, signal: 'SIGTERM', clean: false },
    { ending: 'worker', code: 0, signal: null, clean: true },
  ] as const;

  it.each(endings)('ends by $ending without a crash or a hang', async (expected) => {
    const { ending, ...outcome } = expected;
    const argument = JSON.stringify({ addon: ADDON_PATH, directory, ending });
    const child = spawn(process.execPath, ['-e', PROGRAM, argument, PROGRAM]);
    let stderr = '';
    child.stderr.on('data', (chunk) => (stderr += String(chunk)));
    child.stdout.on('data', () => {
      if (ending === 'signal') child.kill('SIGTERM');
    });
    const ended = await new Promise<{ code: number | null; signal: string | null }>((resolve) => {
      child.on('close', (code, signal) => resolve({ code, signal }));
    });
    expect({ ...ended, stderr: ending === 'exception' ? '' : stderr }).toEqual({
      code: outcome.code,
      signal: outcome.signal,
      stderr: '',
    });

    const engine = NativeEngine.open({ onEvent: () => undefined });
    const path = join(directory, 'drive');
    const probe = await engine.call('drive.probe', { path });
    expect(probe.store?.clean).toBe(outcome.clean);
    await engine.call('store.open', { path });
    await engine.close();
  });
});

function firstBytes(socketPath: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    socket.once('error', reject);
    socket.once('data', (bytes) => {
      socket.destroy();
      resolve(bytes);
    });
  });
}
