import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createCairnClient, unwrap } from './client';
import { ApiError, UnreachableError } from './errors';
import { outcomeOf, taskOf } from './outcome';
import { allItems } from './pages';
import { succeed, waitForTask } from './tasks';
import {
  sendJson,
  sendProblem,
  startHttpFixture,
  TASK_ID,
  taskWith,
  type Handler,
  type HttpFixture,
} from './testing/http-fixture';

let fixture: HttpFixture | undefined;

async function serve(handler: Handler) {
  fixture = await startHttpFixture(handler);
  return createCairnClient({
    baseUrl: `${fixture.baseUrl}/`,
    token: 'cairn_secret',
    csrfToken: () => 'csrf',
  });
}

afterEach(async () => {
  await fixture?.close();
  fixture = undefined;
});

const noSleep = async () => undefined;

describe('a call', () => {
  it('carries the token, and the CSRF token when it writes', async () => {
    const seen: unknown[] = [];
    const client = await serve((request, response) => {
      seen.push([request.headers.authorization, request.headers['x-csrf-token']]);
      sendJson(response, 200, taskWith({}));
    });
    await client.GET('/api/v1/cluster');
    await client.POST('/api/v1/vms/{vmId}/actions/start', { params: { path: { vmId: TASK_ID } } });
    expect(seen).toEqual([
      ['Bearer cairn_secret', undefined],
      ['Bearer cairn_secret', 'csrf'],
    ]);
  });

  it('becomes an error with the code of the problem, and tells the observer', async () => {
    const told: (string | null)[] = [];
    fixture = await startHttpFixture((_, response) =>
      sendProblem(response, 'vm.notFound', 'There is no VM x.'),
    );
    const client = createCairnClient({
      baseUrl: fixture.baseUrl,
      onProblem: (error) => told.push(error.code),
    });
    const result = await client.GET('/api/v1/vms/{vmId}', { params: { path: { vmId: TASK_ID } } });
    expect(() => unwrap(result)).toThrow(ApiError);
    expect(() => unwrap(result)).toThrow('There is no VM x.');
    expect(told).toEqual(['vm.notFound']);
  });

  it('becomes an error without a code when a stranger answers', async () => {
    const client = await serve((_, response) => {
      response.writeHead(502, { 'Content-Type': 'text/html' });
      response.end('<h1>Bad gateway</h1>');
    });
    const error = await client.raw('/api/v1/vms').catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 502, code: null });
  });

  it('says that nobody is there', async () => {
    const client = await serve(() => undefined);
    await fixture?.close();
    await expect(client.GET('/api/v1/cluster')).rejects.toThrow(UnreachableError);
  });

  it('ends at its deadline', async () => {
    fixture = await startHttpFixture(() => undefined);
    const client = createCairnClient({ baseUrl: fixture.baseUrl, timeoutMs: 50 });
    await expect(client.GET('/api/v1/cluster')).rejects.toThrow('no answer in time');
  });

  it('can be aborted, which is no error of the server', async () => {
    const client = await serve(() => undefined);
    const abort = new AbortController();
    const call = client.GET('/api/v1/cluster', { signal: abort.signal });
    abort.abort();
    await expect(call).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('the outcome of a write', () => {
  it('is a task, a plan or the resource', async () => {
    const answers: [number, unknown][] = [
      [202, taskWith({})],
      [200, { dryRun: true, steps: [], effects: [], warnings: [], blockers: [], estimate: {} }],
      [201, { id: TASK_ID, name: 'web' }],
      [409, {}],
    ];
    const client = await serve((_, response) => {
      const [status, body] = answers.shift() ?? [500, {}];
      sendJson(response, status, body);
    });
    const create = () =>
      client.POST('/api/v1/vms', { body: { name: 'web', vcpus: 1, memoryBytes: 2 ** 30 } });
    expect(outcomeOf(await create())).toMatchObject({ kind: 'task', task: { id: TASK_ID } });
    expect(outcomeOf(await create())).toMatchObject({ kind: 'plan' });
    const made = outcomeOf(await create());
    expect(made.kind === 'resource' && made.resource.name).toBe('web');
    const refused = await create();
    expect(() => taskOf(refused)).toThrow(ApiError);
  });
});

describe('waiting for a task', () => {
  it('reports progress until the end', async () => {
    const states = ['queued', 'running', 'succeeded'] as const;
    let call = 0;
    const client = await serve((_, response) => {
      sendJson(response, 200, taskWith({ state: states[call++] ?? 'succeeded' }));
    });
    const seen: string[] = [];
    await succeed(client, TASK_ID, { onProgress: (task) => seen.push(task.state), sleep: noSleep });
    expect(seen).toEqual(states);
  });

  it('survives a restart of the server', async () => {
    let call = 0;
    const client = await serve((_, response) => {
      call += 1;
      if (call === 1) response.destroy();
      else if (call === 2) sendProblem(response, 'service.unavailable', 'Starting.');
      else sendJson(response, 200, taskWith({ state: 'succeeded' }));
    });
    await expect(waitForTask(client, TASK_ID, { sleep: noSleep })).resolves.toMatchObject({
      state: 'succeeded',
    });
  });

  it('gives up after its failures, and at once on an error that stays', async () => {
    const client = await serve((request, response) => {
      if (request.url?.includes(TASK_ID) === true) response.destroy();
      else sendProblem(response, 'task.notFound', 'There is no such task.');
    });
    const options = { sleep: noSleep, failuresMax: 3 };
    await expect(waitForTask(client, TASK_ID, options)).rejects.toThrow(UnreachableError);
    expect(fixture?.requests).toHaveLength(4);
    await expect(waitForTask(client, 'other', options)).rejects.toThrow('no such task');
    expect(fixture?.requests).toHaveLength(5);
  });

  it('turns a failed task into an error with its reason', async () => {
    const error = { code: 'storage.full', message: 'The pool is full.' } as const;
    const client = await serve((_, response) =>
      sendJson(response, 200, taskWith({ state: 'failed', error })),
    );
    await expect(succeed(client, TASK_ID)).rejects.toThrow('The pool is full.');
  });
});

describe('the pages of a list', () => {
  it('are walked to the last', async () => {
    const client = await serve((request, response) => {
      const cursor = new URL(request.url ?? '', 'http://x').searchParams.get('cursor');
      const items = cursor === null ? [{ id: 1 }, { id: 2 }] : [{ id: 3 }];
      const nextCursor = cursor === null ? 'abc' : null;
      sendJson(response, 200, { items, nextCursor, totalEstimate: 3, revision: 1 });
    });
    const vms = await allItems(async (query) =>
      unwrap(await client.GET('/api/v1/vms', { params: { query } })),
    );
    expect(vms.map((vm) => vm.id)).toEqual([1, 2, 3]);
  });
});

describe('the sources of this library', () => {
  it('import nothing of Node.js, because browsers run them', () => {
    const sources = readdirSync(__dirname).filter((name) => /(?<!\.test)\.ts$/.test(name));
    expect(sources).toContain('client.ts');
    for (const name of sources)
      expect(readFileSync(join(__dirname, name), 'utf8'), name).not.toMatch(
        /from 'node:|\bBuffer\b/,
      );
  });
});
