import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  storageErrorStatus,
  type StorageDriveAddInput,
  type StorageVolumeAttachInput,
  type StorageVolumeCreate,
} from '@cairn/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StorageError } from './errors';
import { FakeStorage } from './fake-storage';
import { StorageClient } from './storage-client';
import { describeStorage } from './testing/storage.contract';

type Answer = { status: number; body?: unknown; text?: string };

/** The daemon's routes in front of a FakeStorage. */
async function route(
  storage: FakeStorage,
  method: string,
  path: string,
  body: unknown,
): Promise<Answer> {
  const [, , collection, id, action] = path.split('/');
  const json = (work: Promise<unknown>) => work.then((result) => ({ status: 200, body: result }));
  const empty = (work: Promise<unknown>) => work.then(() => ({ status: 204 }));
  switch (`${method} ${collection ?? ''} ${id === undefined ? '' : ':id'} ${action ?? ''}`.trim()) {
    case 'GET status':
      return json(storage.status());
    case 'GET drives':
      return json(storage.drives());
    case 'POST drives':
      return json(storage.addDrive(body as StorageDriveAddInput));
    case 'DELETE drives :id':
      return empty(storage.removeDrive(id ?? ''));
    case 'GET volumes':
      return json(storage.volumes().then((items) => ({ items })));
    case 'POST volumes':
      return json(storage.createVolume(body as StorageVolumeCreate));
    case 'GET volumes :id':
      return json(storage.volume(id ?? ''));
    case 'DELETE volumes :id':
      return empty(storage.deleteVolume(id ?? ''));
    case 'POST volumes :id attach':
      return json(storage.attachVolume(id ?? '', body as StorageVolumeAttachInput));
    case 'POST volumes :id detach':
      return empty(storage.detachVolume(id ?? ''));
    case 'POST volumes :id resize':
      return json(storage.resizeVolume(id ?? '', (body as { sizeBytes: number }).sizeBytes));
    case 'GET volumes :id stats':
      return json(storage.volumeStats(id ?? ''));
    default:
      if (path === '/metrics') return { status: 200, text: await storage.metricsText() };
      return { status: 404 };
  }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text === '' ? undefined : JSON.parse(text);
}

async function answer(storage: FakeStorage, request: IncomingMessage, response: ServerResponse) {
  const result = await route(
    storage,
    request.method ?? '',
    request.url ?? '',
    await bodyOf(request),
  ).catch((error: unknown): Answer => {
    if (!(error instanceof StorageError)) throw error;
    const { kind, message, context } = error;
    return { status: storageErrorStatus[kind], body: { error: { kind, message, context } } };
  });
  response.writeHead(result.status).end(result.text ?? JSON.stringify(result.body));
}

async function listen(handler: (request: IncomingMessage, response: ServerResponse) => void) {
  const directory = await mkdtemp(join(tmpdir(), 'cairn-client-'));
  const socketPath = join(directory, 's');
  const server: Server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  const dispose = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(directory, { recursive: true });
  };
  return { client: new StorageClient({ socketPath }), dispose };
}

describeStorage('StorageClient over a socket', async () => {
  const fake = new FakeStorage();
  const { client, dispose } = await listen((request, response) => {
    void answer(fake, request, response);
  });
  return { storage: client, drive: { path: '/dev/fake0' }, dispose };
});

describe('StorageClient', () => {
  let dispose: () => Promise<void> = async () => undefined;
  let client: StorageClient;
  let handler: (request: IncomingMessage, response: ServerResponse) => void = () => undefined;

  beforeEach(async () => {
    ({ client, dispose } = await listen((request, response) => handler(request, response)));
  });
  afterEach(() => dispose());

  it('calls a daemon that is not there unavailable', async () => {
    const nowhere = new StorageClient({ socketPath: '/nonexistent/socket' });
    await expect(nowhere.status()).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it('gives up on a daemon that does not answer', async () => {
    await expect(client.status({ timeoutMs: 20 })).rejects.toMatchObject({ kind: 'timed_out' });
  });

  it('stops waiting when its caller gives up', async () => {
    const controller = new AbortController();
    const call = client.status({ signal: controller.signal });
    controller.abort();
    await expect(call).rejects.toMatchObject({ kind: 'cancelled' });
  });

  it('calls a connection that ends in the middle of an answer unavailable', async () => {
    handler = (_, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('{');
      setTimeout(() => response.destroy(), 5);
    };
    await expect(client.status()).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it.each(['', 'no json', '{}', '[]', '{"items": 5}'])('trusts no answer like %j', async (text) => {
    handler = (_, response) => response.writeHead(200).end(text);
    await expect(client.volumes()).rejects.toMatchObject({ kind: 'internal' });
  });

  it('says so when a failure comes without a reason', async () => {
    handler = (_, response) => response.writeHead(500).end('<html>');
    await expect(client.status()).rejects.toMatchObject({ kind: 'internal' });
  });

  it('keeps the kind and the context of a refusal', async () => {
    const error = { kind: 'no_space', message: 'full', context: { driveId: 'd' } };
    handler = (_, response) => response.writeHead(507).end(JSON.stringify({ error }));
    await expect(client.createVolume({ name: 'a', sizeBytes: 2 ** 20 })).rejects.toMatchObject(
      error,
    );
  });

  it('does not let an id reach another route', async () => {
    const paths: string[] = [];
    handler = (request, response) => {
      paths.push(request.url ?? '');
      response.writeHead(204).end();
    };
    await client.deleteVolume('../drives/x');
    expect(paths).toEqual(['/v1/volumes/..%2Fdrives%2Fx']);
  });
});
