// Real bytes: uploads are converted by qemu-img into volumes that qemu-nbd serves.
import { startPostgres, type TestPostgres } from '@cairn/persistence/testing';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NbdStorage } from '../testing/nbd-storage';
import { pick, pickString, TestNode, type Answer } from '../testing/test-node';

let postgres: TestPostgres;
let node: TestNode;
let storage: NbdStorage;
let home: string;

const DISK_BYTES = 8 * 2 ** 20;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'cairn-media-'));
  chmodSync(home, 0o755);
  storage = new NbdStorage(join(home, 'volumes'));
  await storage.addDrive({ path: '/dev/fake0' });
  postgres = await startPostgres();
  node = await TestNode.start({ databaseUrl: await postgres.createDatabase(), storage });
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', file('disk.qcow2'), `${DISK_BYTES}`]);
  execFileSync('qemu-io', ['-c', 'write -P 7 1M 1M', file('disk.qcow2')], { stdio: 'ignore' });
});

afterAll(async () => {
  await node.destroy();
  await storage.close();
  await postgres.stop();
  rmSync(home, { recursive: true, force: true });
});

function file(name: string): string {
  return join(home, name);
}

function converted(format: string, options: string[] = []): Buffer {
  const target = file(`converted.${format}`);
  execFileSync('qemu-img', ['convert', '-O', format, ...options, file('disk.qcow2'), target]);
  return readFileSync(target);
}

async function announce(name: string, content: Buffer, rest: object = {}): Promise<string> {
  const body = { name, sizeBytes: content.length, ...rest };
  const answer = await node.api('POST', '/images', body);
  expect(`${answer.status} ${answer.text}`).toMatch(/^201/);
  return pickString(answer, 'id');
}

async function put(id: string, part: Buffer, start: number, total: number): Promise<Answer> {
  return node.api('PUT', `/images/${id}/data`, part, {
    'content-type': 'application/octet-stream',
    'content-range': `bytes ${start}-${start + part.length - 1}/${total}`,
    prefer: 'wait=60',
  });
}

async function upload(name: string, content: Buffer, rest: object = {}): Promise<Answer> {
  const id = await announce(name, content, rest);
  return put(id, content, 0, content.length);
}

/** The content of the volume that holds an image. */
async function volumeOf(imageId: string): Promise<Buffer> {
  const image = await node.api('GET', `/images/${imageId}`);
  const volume = await node.api('GET', `/volumes/${pickString(image, 'status.volumeId')}`);
  return readFileSync(storage.fileOf(pickString(volume, 'status.engineId')));
}

function stagedFiles(): string[] {
  return readdirSync(join(node.environment.stateDir, 'images'));
}

describe('an import', () => {
  it.each(['qcow2', 'vmdk', 'vhdx'])('writes the content of a %s into a volume', async (format) => {
    const done = await upload(`from-${format}`, converted(format));
    expect(`${done.status} ${done.text}`).toMatch(/^200/);
    const content = await volumeOf(pickString(done, 'resource.id'));
    expect(content.length).toBe(DISK_BYTES);
    expect(content.subarray(2 ** 20, 2 ** 21).every((byte) => byte === 7)).toBe(true);
    expect(content.subarray(0, 2 ** 20).every((byte) => byte === 0)).toBe(true);
    expect(stagedFiles()).toEqual([]);
  });

  it('takes a file in parts, and goes on where the last part ended', async () => {
    const content = readFileSync(file('disk.qcow2'));
    const id = await announce('in-parts', content);
    const half = Math.floor(content.length / 2);
    const first = await put(id, content.subarray(0, half), 0, content.length);
    expect(first.body).toEqual({ receivedBytes: half, sizeBytes: content.length });
    const again = await put(id, content.subarray(0, half), 0, content.length);
    expect(pick(again, 'code')).toBe('upload.offsetMismatch');
    const state = await node.api('GET', `/images/${id}`);
    expect(pick(state, 'status.upload.receivedBytes')).toBe(half);
    const last = await put(id, content.subarray(half), half, content.length);
    expect(pick(last, 'state')).toBe('succeeded');
  });

  it('refuses parts that lie about themselves', async () => {
    const content = Buffer.alloc(1000);
    const id = await announce('liar', content);
    const path = `/images/${id}/data`;
    const send = async (range: string, body = content): Promise<unknown> => {
      const headers = { 'content-type': 'application/octet-stream', 'content-range': range };
      return pick(await node.api('PUT', path, body, headers), 'code');
    };
    expect(await send('bytes 0-999/2000')).toBe('upload.rangeInvalid');
    expect(await send('bytes 0-99/1000')).toBe('upload.rangeInvalid');
    expect(await send('bytes 5-1/1000')).toBe('upload.rangeInvalid');
    expect(await send('')).toBe('upload.rangeInvalid');
    expect(await send('bytes 10-1009/1000')).toBe('upload.rangeInvalid');
    const json = await node.api('PUT', path, {}, { 'content-range': 'bytes 0-1/1000' });
    expect(json.status).toBe(415);
    expect((await node.apiWait('DELETE', `/images/${id}`)).status).toBe(200);
  });

  it('verifies the checksum that was demanded', async () => {
    const content = readFileSync(file('disk.qcow2'));
    const checksum = `sha256:${'0'.repeat(64)}`;
    const answer = await upload('checked', content, { checksum });
    expect(pick(answer, 'code')).toBe('media.checksumMismatch');
  });

  it('refuses garbage, truncation and foreign files, and leaves nothing behind', async () => {
    const volumesBefore = (await storage.volumes()).length;
    const qcow2 = readFileSync(file('disk.qcow2'));
    const backed = file('backed.qcow2');
    execFileSync('qemu-img', [
      'create',
      '-q',
      '-f',
      'qcow2',
      '-F',
      'raw',
      '-b',
      '/etc/hostname',
      backed,
    ]);
    const cases: [string, Buffer, string][] = [
      ['garbage', Buffer.alloc(100_000, 'rubbish '), 'media.unsupportedFormat'],
      ['empty-ish', Buffer.alloc(1), 'media.unsupportedFormat'],
      ['truncated', qcow2.subarray(0, 900_000), 'media.corrupt'],
      ['half-vhdx', converted('vhdx').subarray(0, 4_000_000), 'media.corrupt'],
      ['backing-file', readFileSync(backed), 'media.externalReference'],
    ];
    for (const [name, content, code] of cases) {
      const answer = await upload(name, content);
      expect(`${name} ${String(pick(answer, 'code'))}`).toBe(`${name} ${code}`);
      const image = await node.api('GET', `/images?q=name:${name}`);
      expect(pick(image, 'items.0.status')).toMatchObject({ state: 'failed', error: { code } });
    }
    expect((await storage.volumes()).length).toBe(volumesBefore);
    expect(stagedFiles()).toEqual([]);
    const retry = await upload('garbage', qcow2);
    expect(pick(retry, 'state')).toBe('succeeded');
  });

  it('downloads from an address, but not from this very node', async () => {
    const server = createServer((_, response) => response.end('x'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const request = { name: 'from-here', url: `http://127.0.0.1:${port}/disk.img` };
    const answer = await node.apiWait('POST', '/images/actions/import-url', request);
    server.close();
    expect(pick(answer, 'code')).toBe('media.urlRefused');
  });
});

describe('a disk from an image', () => {
  it('is a copy of its own that may be larger', async () => {
    const list = await node.api('GET', '/images?q=name:from-qcow2');
    const imageId = pickString(list, 'items.0.id');
    const sizeBytes = DISK_BYTES * 2;
    const vm = {
      name: 'copy',
      vcpus: 1,
      memoryBytes: 128 * 2 ** 20,
      disks: [{ kind: 'disk', source: { kind: 'image', imageId, sizeBytes } }],
    };
    const made = await node.apiWait('POST', '/vms', vm);
    expect(`${made.status} ${made.text}`).toMatch(/^201/);
    const path = `/volumes/${pickString(made, 'disks.0.volumeId')}`;
    const engineId = pickString(await node.api('GET', path), 'status.engineId');
    const content = readFileSync(storage.fileOf(engineId));
    expect(content.length).toBe(sizeBytes);
    expect(content.subarray(0, DISK_BYTES).equals(await volumeOf(imageId))).toBe(true);
    expect((await node.apiWait('DELETE', `/images/${imageId}`)).status).toBe(200);
  });
});
