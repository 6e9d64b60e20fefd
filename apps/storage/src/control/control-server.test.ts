import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { storageProblemSchema, storageVolumeSchema } from '@cairn/contracts';
import { createLogger } from '@cairn/telemetry';
import { GIB, World, type Life } from '../testing/world';
import { DriveCandidates } from '../drives/drive-candidates';
import { ControlServer } from './control-server';

interface Reply {
  readonly status: number;
  readonly text: string;
}

describe('the control API', () => {
  let world: World;
  let life: Life;
  let control: ControlServer;
  let directory: string;
  let serving = true;

  function ask(method: string, path: string, body?: string): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const call = request({ socketPath: join(directory, 's'), method, path, agent: false });
      call.on('response', (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString() });
        });
      });
      call.on('error', reject);
      call.end(body);
    });
  }

  const problemOf = (reply: Reply) => storageProblemSchema.parse(JSON.parse(reply.text)).error;

  beforeEach(async () => {
    world = new World();
    life = world.life();
    await life.start();
    serving = true;
    directory = mkdtempSync(join(tmpdir(), 'cairn-control-'));
    const candidates = new DriveCandidates(life.engine, world.fileDirectory);
    control = new ControlServer(
      {
        status: () => Promise.reject(new Error('a secret detail')),
        metrics: () => Promise.resolve({ contentType: 'text/plain', text: 'x 1\n' }),
        drives: life.drives,
        candidates,
        volumes: life.volumes,
        serves: () => serving,
      },
      createLogger({ name: 'test', level: 'silent' }),
    );
    await control.listen({ path: join(directory, 's') });
  });
  afterEach(async () => {
    await control.close(100);
    rmSync(directory, { recursive: true, force: true });
    await world.dispose();
  });

  it('creates, shows and deletes a volume', async () => {
    const path = join(world.fileDirectory, 'd.cairn');
    const drive = await ask('POST', '/v1/drives', JSON.stringify({ path, createBytes: GIB }));
    expect(drive.status).toBe(200);
    const made = await ask('POST', '/v1/volumes', JSON.stringify({ name: 'a', sizeBytes: GIB }));
    const { id } = storageVolumeSchema.parse(JSON.parse(made.text));
    expect((await ask('GET', `/v1/volumes/${id}`)).status).toBe(200);
    expect(await ask('DELETE', `/v1/volumes/${id}`)).toEqual({ status: 204, text: '' });
    expect(problemOf(await ask('GET', `/v1/volumes/${id}`)).kind).toBe('not_found');
  });

  it.each([
    ['POST', '/v1/volumes', '{'],
    ['POST', '/v1/volumes', '{"name":"a"}'],
    ['POST', '/v1/volumes', '{"name":"a","sizeBytes":1048576,"extra":1}'],
    ['POST', '/v1/volumes', '[]'],
    ['POST', '/v1/drives', '{"path":"/dev/../etc/passwd"}'],
    ['GET', '/v1/volumes/0', undefined],
    ['GET', '/v1/volumes/..%2f', undefined],
    ['DELETE', '/v1/drives/not-a-uuid', undefined],
    ['POST', '/v1/volumes/1/attach', '{"socketUid":-1}'],
    ['POST', '/v1/volumes', `"${'x'.repeat(65 * 1024)}"`],
  ])('refuses what is wrong in %s %s, case %#', async (method, path, body) => {
    const reply = await ask(method, path, body);
    expect(reply.status).toBe(400);
    expect(problemOf(reply).kind).toBe('invalid_argument');
  });

  it('knows no other routes', async () => {
    for (const [method, path] of [
      ['GET', '/'],
      ['PUT', '/v1/volumes'],
      ['GET', '/v1/volumes/1/stats/x'],
    ] as const) {
      expect(problemOf(await ask(method, path)).kind).toBe('not_found');
    }
  });

  it('hides what a bug says, and answers 500', async () => {
    const reply = await ask('GET', '/v1/status');
    expect(reply.status).toBe(500);
    expect(reply.text).not.toContain('secret');
    expect(problemOf(reply).kind).toBe('internal');
  });

  it('says that it is starting, but is alive, until it serves', async () => {
    serving = false;
    expect((await ask('GET', '/healthz')).status).toBe(503);
    expect((await ask('GET', '/metrics')).text).toBe('x 1\n');
    expect(problemOf(await ask('GET', '/v1/volumes')).kind).toBe('unavailable');
    serving = true;
    expect((await ask('GET', '/healthz')).status).toBe(200);
  });
});
