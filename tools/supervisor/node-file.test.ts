import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadNodeFile, refreshPorts } from './node-file';

describe('the node file', () => {
  let directory: string;
  let server: Server | undefined;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'cairn-node-'));
  });

  afterEach(() => {
    server?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it('gives a node its identity once and keeps it', async () => {
    const first = await loadNodeFile(directory);
    const second = await loadNodeFile(directory);
    expect(second).toEqual(first);
    expect(new Set(Object.values(first.ports)).size).toBe(4);
  });

  it('refuses a damaged file by its name instead of making a new identity', async () => {
    await loadNodeFile(directory);
    const path = join(directory, 'node.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"schema": 1', '"schema": 9'));
    await expect(loadNodeFile(directory)).rejects.toThrow(/node\.json is damaged/);
  });

  it('takes a new port in place of one that another program took', async () => {
    const node = await loadNodeFile(directory);
    const taken = createServer();
    server = taken;
    await new Promise<void>((resolve) =>
      taken.listen(node.ports.postgres, '127.0.0.1', () => {
        resolve();
      }),
    );
    const fresh = await refreshPorts(node.ports);
    expect(fresh.postgres).not.toBe(node.ports.postgres);
    expect(fresh.etcdClient).toBe(node.ports.etcdClient);
  });
});
