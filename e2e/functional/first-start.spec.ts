/** A node of one's own: its first log-in, throttling, a crash of everything, and a clean stop. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { unwrap } from '@cairn/api-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createVm, demoImage, getVm, untilVmState } from '../harness/resources';
import { ADMIN_PASSWORD, OwnedSystem, System } from '../harness/system';

const MIB = 1024 * 1024;
const GUESSES = 30;
/** From the command to the console's address, with everything built. */
const START_MS_MAX = 15_000;

describe('a node of one own', () => {
  let owned: OwnedSystem;
  let node: System;
  let vmId: string;

  beforeAll(async () => {
    owned = await OwnedSystem.start();
    node = new System(owned.address);
  });

  afterAll(async () => {
    node.close();
    await owned.stop();
    owned.remove();
  });

  async function logIn(password: string): Promise<Response> {
    const json = { userName: 'admin', password };
    return node.send('POST', '/api/v1/sessions', { json, anonymous: true });
  }

  it('has one drive, so that a VM can be made at once', async () => {
    const { items } = unwrap(await node.client.GET('/api/v1/drives', {}));
    expect(items).toHaveLength(1);
  });

  it('does not take the one-time password again after it was changed', async () => {
    const oneTime = readFileSync(join(owned.address.secretsDir, 'bootstrap-password'), 'utf8');
    expect((await logIn(oneTime.trim())).status).toBe(401);
    expect((await logIn(ADMIN_PASSWORD)).status).toBe(201);
  });

  it('comes back with its guests after the supervisor and all services were killed', async () => {
    const image = await demoImage(node);
    const vm = await createVm(node, {
      name: 'survivor',
      vcpus: 1,
      memoryBytes: 128 * MIB,
      disks: [{ kind: 'disk', source: { kind: 'image', imageId: image.id } }],
      start: true,
    });
    vmId = vm.id;
    const { startedAt } = (await untilVmState(node, vmId, 'running')).status;
    await owned.crash();
    await owned.startAgain();
    await node.untilReady();
    await untilVmState(node, vmId, 'running');
    expect((await getVm(node, vmId)).status.startedAt).toBe(startedAt);
  });

  it('shuts its guests down at a clean stop and boots them again at the next start, in 15 s', async () => {
    expect(await owned.stop()).toBe(0);
    const startedMs = performance.now();
    await owned.startAgain();
    expect(performance.now() - startedMs).toBeLessThan(START_MS_MAX);
    await node.untilReady();
    await untilVmState(node, vmId, 'running');
  });

  it('slows somebody down who guesses passwords', async () => {
    const statuses: number[] = [];
    for (let guess = 0; guess < GUESSES; guess += 1) {
      const answer = await logIn(`wrong password ${guess}`);
      statuses.push(answer.status);
      await answer.arrayBuffer();
      if (answer.status === 429) expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
    }
    expect(statuses).toContain(429);
    expect(statuses.every((status) => status === 401 || status === 429)).toBe(true);
  });
});
