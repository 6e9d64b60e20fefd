import { afterEach, describe, expect, it } from 'vitest';
import type { CairnEvent } from '@cairn/contracts';
import fc from 'fast-check';
import { createCairnClient } from './client';
import { ApiError } from './errors';
import { watchEvents } from './events';
import { SseParser } from './sse';
import {
  bodyOf,
  RESOURCE_ID,
  sendJson,
  sendProblem,
  startHttpFixture,
  TASK_ID,
  taskWith,
  type Handler,
  type HttpFixture,
} from './testing/http-fixture';
import { blobSource, uploadMedia } from './upload';

let fixture: HttpFixture | undefined;

async function serve(handler: Handler) {
  fixture = await startHttpFixture(handler);
  return createCairnClient({ baseUrl: fixture.baseUrl });
}

afterEach(async () => {
  await fixture?.close();
  fixture = undefined;
});

const noSleep = async () => undefined;

function frame(revision: number): string {
  const event = {
    event: 'delete',
    topic: 'vms',
    id: RESOURCE_ID,
    revision,
    at: '2026-01-01T00:00:00.000Z',
  };
  return `id: ${revision}\nevent: delete\ndata: ${JSON.stringify(event)}\n\n`;
}

describe('the event stream parser', () => {
  it('gives the same messages however the text is cut', () => {
    const text = `: ping\n\n${frame(1)}event: x\r\ndata: a\r\ndata: b\r\n\r\nid: 9\n\n${frame(2)}`;
    const whole = new SseParser().push(text);
    expect(whole.map((message) => message.event)).toEqual(['delete', 'x', 'delete']);
    expect(whole[1]?.data).toBe('a\nb');
    fc.assert(
      fc.property(fc.array(fc.nat({ max: text.length }), { maxLength: 8 }), (cuts) => {
        const parser = new SseParser();
        const bounds = [0, ...cuts.sort((a, b) => a - b), text.length];
        const messages = bounds.flatMap((cut, index) =>
          parser.push(text.slice(bounds[index - 1] ?? 0, cut)),
        );
        expect(messages).toEqual(whole);
      }),
    );
  });

  it('refuses an endless event', () => {
    const parser = new SseParser();
    const megabyte = 'x'.repeat(1024 * 1024);
    expect(() => {
      for (let sent = 0; sent < 10; sent += 1) parser.push(megabyte);
    }).toThrow('too large');
  });
});

describe('watching events', () => {
  async function collect(client: ReturnType<typeof createCairnClient>, count: number) {
    const abort = new AbortController();
    const seen: CairnEvent[] = [];
    const watch = watchEvents(client, {
      topics: ['vms'],
      since: 5,
      signal: abort.signal,
      sleep: noSleep,
      silenceMsMax: 200,
    });
    for await (const event of watch) {
      seen.push(event);
      if (seen.length === count) abort.abort();
    }
    return seen;
  }

  it('goes on after a lost connection where it was', async () => {
    const resumed: unknown[] = [];
    const client = await serve((request, response) => {
      resumed.push(request.headers['last-event-id']);
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write(frame(5 + resumed.length));
      if (resumed.length === 1) setTimeout(() => response.destroy(), 20);
    });
    const seen = await collect(client, 2);
    expect(seen.map((event) => event.revision)).toEqual([6, 7]);
    expect(resumed).toEqual(['5', '6']);
    expect(fixture?.requests[0]).toBe('GET /api/v1/events?topics=vms');
  });

  it('leaves a connection that has gone silent', async () => {
    let connections = 0;
    const client = await serve((_, response) => {
      connections += 1;
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write(connections === 1 ? ': ping\n\n' : frame(8));
    });
    expect(await collect(client, 1)).toHaveLength(1);
    expect(connections).toBe(2);
  });

  it('asks for a fresh start when it cannot read an event', async () => {
    const client = await serve((_, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write('id: 7\nevent: new\ndata: {"event":"new"}\n\n');
    });
    expect(await collect(client, 1)).toMatchObject([{ event: 'resync', revision: 7 }]);
  });

  it('ends with the error that a retry cannot cure', async () => {
    const client = await serve((_, response) => sendProblem(response, 'auth.required', 'Log in.'));
    await expect(collect(client, 1)).rejects.toThrow(ApiError);
  });
});

describe('an upload', () => {
  const content = Uint8Array.from({ length: 1000 }, (_, index) => index % 251);
  const source = blobSource(new Blob([content]));

  function importServer(received: { bytes: Buffer; done: boolean }, trouble: Handler | null) {
    return serve(async (request, response) => {
      if (request.method === 'GET') {
        const upload = received.done
          ? null
          : { receivedBytes: received.bytes.length, sizeBytes: content.length };
        if (request.url?.startsWith('/api/v1/tasks') === true)
          sendJson(response, 200, taskWith({}));
        else
          sendJson(response, 200, {
            id: RESOURCE_ID,
            status: { upload, taskId: received.done ? TASK_ID : null },
          });
        return;
      }
      const start = Number(/bytes (\d+)-/.exec(request.headers['content-range'] ?? '')?.[1]);
      if (start !== received.bytes.length) {
        sendProblem(response, 'upload.offsetMismatch', 'Go on elsewhere.');
        return;
      }
      received.bytes = Buffer.concat([received.bytes, await bodyOf(request)]);
      received.done = received.bytes.length === content.length;
      if (trouble !== null) {
        await trouble(request, response);
        if (response.headersSent || response.destroyed) return;
      }
      if (received.done) sendJson(response, 202, taskWith({}));
      else
        sendJson(response, 200, {
          receivedBytes: received.bytes.length,
          sizeBytes: content.length,
        });
    });
  }

  const upload = (client: ReturnType<typeof createCairnClient>, extra = {}) =>
    uploadMedia(client, {
      kind: 'images',
      id: RESOURCE_ID,
      source,
      partBytes: 300,
      sleep: noSleep,
      ...extra,
    });

  it('sends the file in parts and ends with the import task', async () => {
    const received = { bytes: Buffer.alloc(0), done: false };
    const progress: number[] = [];
    const task = await upload(await importServer(received, null), {
      onProgress: (state: { sentBytes: number }) => progress.push(state.sentBytes),
    });
    expect(task.id).toBe(TASK_ID);
    expect(received.bytes.equals(Buffer.from(content))).toBe(true);
    expect(progress).toEqual([0, 300, 600, 900, 1000]);
  });

  it('goes on where another process stopped', async () => {
    const received = { bytes: Buffer.from(content.slice(0, 450)), done: false };
    await upload(await importServer(received, null));
    expect(received.bytes.equals(Buffer.from(content))).toBe(true);
  });

  it('loses nothing when answers are lost, even the last', async () => {
    const received = { bytes: Buffer.alloc(0), done: false };
    let parts = 0;
    const client = await importServer(received, (_, response) => {
      parts += 1;
      if (parts % 2 === 0) response.destroy();
    });
    const task = await upload(client);
    expect(task.id).toBe(TASK_ID);
    expect(received.bytes.equals(Buffer.from(content))).toBe(true);
  });

  it('refuses a file of another size than announced', async () => {
    const client = await importServer({ bytes: Buffer.alloc(0), done: false }, null);
    const other = blobSource(new Blob([content.slice(1)]));
    await expect(upload(client, { source: other })).rejects.toThrow('999 bytes');
  });
});
