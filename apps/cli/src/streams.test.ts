import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import {
  json,
  logIn,
  run,
  serveTicket,
  serveVm,
  startHttpsFixture,
  type HttpsFixture,
} from './testing/https-fixture';
import { IMAGE_ID, imageOf, listOf, TASK_ID, taskOf, VM_ID, vmOf } from './testing/resources';

let fixture: HttpsFixture;

beforeEach(async () => {
  fixture = await startHttpsFixture();
  logIn(fixture);
});

afterEach(async () => {
  await fixture.close();
});

const called = () => fixture.calls.map((call) => `${call.method} ${call.path}`);

describe('uploading', () => {
  it('announces the file with its checksum, sends it and imports it', async () => {
    const path = join(fixture.directory, 'debian.qcow2');
    const content = Buffer.alloc(1000, 7);
    writeFileSync(path, content);
    let received: Buffer = Buffer.alloc(0);
    fixture.routes.set('GET /images', (_, response) => json(response, 200, listOf()));
    fixture.routes.set('POST /images', (_, response) => json(response, 201, imageOf()));
    fixture.routes.set(`GET /images/${IMAGE_ID}`, (_, response) => json(response, 200, imageOf()));
    fixture.routes.set(`PUT /images/${IMAGE_ID}/data`, (call, response) => {
      expect(call.headers['content-range']).toBe('bytes 0-999/1000');
      received = call.body;
      json(response, 202, taskOf({ kind: 'image.import' }));
    });
    const result = await run(fixture, ['image', 'upload', path, '--tag', 'os']);
    expect(result.stderr).toBe('');
    expect(result.code).toBe(0);
    expect(received.equals(content)).toBe(true);
    expect(fixture.calls[1]?.json).toEqual({
      name: 'debian.qcow2',
      sizeBytes: 1000,
      tags: ['os'],
      checksum: `sha256:${createHash('sha256').update(content).digest('hex')}`,
    });
  });

  it('refuses a file that is not there', async () => {
    const result = await run(fixture, ['iso', 'upload', '/nowhere/x.iso']);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain('cannot be read');
  });
});

describe('the serial console', () => {
  beforeEach(() => {
    serveVm(fixture);
    serveTicket(fixture);
  });

  it('connects with its ticket and carries bytes both ways', async () => {
    const stdin = new PassThrough();
    let url = '';
    fixture.onSocket = (socket, path) => {
      url = path;
      socket.send(Buffer.from('login: '));
      socket.on('message', (data: Buffer) => {
        socket.send(Buffer.concat([Buffer.from('echo '), data]));
        socket.close(1000);
      });
      stdin.write('root\r');
    };
    const result = await run(fixture, ['vm', 'console', 'web-1'], { stdin });
    expect(result).toEqual({ code: 0, stdout: 'login: echo root\r', stderr: '' });
    expect(url).toBe('/api/v1/console?ticket=t');
  });

  it('says why it was closed', async () => {
    fixture.onSocket = (socket) => socket.close(4001, 'The VM has stopped.');
    const stdin = new PassThrough();
    const result = await run(fixture, ['vm', 'console', 'web-1'], { stdin });
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('The VM has stopped.');
  });
});

describe('the demo', () => {
  const line = 'cairn-guest: ready after 2.5 s on cairn-demo';

  beforeEach(() => {
    serveTicket(fixture);
    fixture.onSocket = (socket) => {
      socket.send(Buffer.from('Booting…\r\ncairn-guest: rea'));
      socket.send(Buffer.from('dy after 2.5 s on cairn-demo\r\n'));
    };
    fixture.routes.set(`GET /tasks/${TASK_ID}`, (_, response) =>
      json(response, 200, taskOf({ state: 'succeeded' })),
    );
  });

  it('builds the image, makes the VM and waits for its guest', async () => {
    fixture.routes.set('GET /images', (_, response) => json(response, 200, listOf()));
    fixture.routes.set('GET /vms', (_, response) => json(response, 200, listOf()));
    fixture.routes.set('POST /images/actions/build-demo', (_, response) =>
      json(response, 201, imageOf({ state: 'ready' })),
    );
    fixture.routes.set('POST /vms', (_, response) => json(response, 202, taskOf()));
    fixture.routes.set(`POST /vms/${VM_ID}/actions/start`, (_, response) =>
      json(response, 202, taskOf()),
    );
    const result = await run(fixture, ['demo', '--json']);
    expect(result.code).toBe(0);
    expect(JSON.parse(result.stdout)).toEqual({
      vmId: VM_ID,
      imageId: IMAGE_ID,
      line,
      url: `${fixture.server}/vms/${VM_ID}`,
    });
  });

  it('finds the image and the VM of the time before, and starts the VM', async () => {
    const image = { ...imageOf({ state: 'ready' }), name: 'demo-tiny' };
    const vm = vmOf({ name: 'demo', status: { ...vmOf().status, state: 'stopped' } });
    fixture.routes.set('GET /images', (_, response) => json(response, 200, listOf(image)));
    fixture.routes.set('GET /vms', (_, response) => json(response, 200, listOf(vm)));
    fixture.routes.set(`POST /vms/${VM_ID}/actions/start`, (_, response) =>
      json(response, 202, taskOf()),
    );
    const result = await run(fixture, ['demo']);
    expect(result.code).toBe(0);
    expect(result.stdout).toContain(`${line}\nVM demo runs: ${fixture.server}/vms/${VM_ID}`);
    expect(called()).not.toContain('POST /vms');
  });
});

describe('events', () => {
  it('are printed as lines until Ctrl-C', async () => {
    const interrupt = new AbortController();
    fixture.routes.set('GET /events', (call, response) => {
      expect(call.query.get('topics')).toBe('vms');
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      const event = {
        event: 'upsert',
        topic: 'vms',
        id: VM_ID,
        revision: 8,
        at: '2026-01-01T10:00:00.000Z',
        resource: vmOf(),
      };
      response.write(`id: 8\nevent: upsert\ndata: ${JSON.stringify(event)}\n\n`);
      setTimeout(() => interrupt.abort(), 50);
    });
    const result = await run(fixture, ['event', 'watch', '--topics', 'vms'], {
      signal: interrupt.signal,
    });
    expect(result.code).toBe(0);
    expect(result.stdout).toBe('10:00:00  upsert        vms       web-1  running\n');
  });
});
