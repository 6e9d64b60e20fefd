// Nothing that a client can send makes the service fail: every answer is below 500, and every
// refusal is a problem document with a stable code.
import { fullPathOf, problemKinds, routeEntries, type Route } from '@cairn/contracts';
import { FakeStorage } from '@cairn/block-store';
import { startPostgres, type TestPostgres } from '@cairn/persistence/testing';
import fc from 'fast-check';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pick, TestNode, type Answer } from './test-node';

let postgres: TestPostgres;
let node: TestNode;

beforeAll(async () => {
  postgres = await startPostgres();
  const storage = new FakeStorage();
  await storage.addDrive({ path: '/dev/fake0' });
  node = await TestNode.start({ databaseUrl: await postgres.createDatabase(), storage });
});

afterAll(async () => {
  await node.destroy();
  await postgres.stop();
});

const MISSING = '01890000-0000-7000-8000-000000000000';
const NASTY_SEGMENTS = ['..', '%2e%2e', '%00', '%ff', '%', "'; DROP TABLE vms;--", 'a'.repeat(300)];
const json = fc.jsonValue({ maxDepth: 4 });
const nastyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('../../etc/passwd', '\u0000', '\ud800', '$(reboot)', '-1', '1e999', '__proto__'),
);

function isProblem(answer: Answer): boolean {
  if (answer.status < 400) return true;
  const code = pick(answer, 'code');
  return typeof code === 'string' && Object.hasOwn(problemKinds, code);
}

/** The members that an operation's body knows, so that garbage reaches deeper than the door. */
function bodyOf(route: Route): fc.Arbitrary<unknown> {
  const shape: unknown = route.request === undefined ? {} : Reflect.get(route.request, 'shape');
  const keys = typeof shape === 'object' && shape !== null ? Object.keys(shape) : [];
  if (keys.length === 0) return json;
  const value = fc.oneof(json, nastyText, fc.maxSafeInteger(), fc.double());
  const record = fc.record(Object.fromEntries(keys.map((key) => [key, value])), {
    requiredKeys: [],
  });
  return fc.oneof(json, record, record);
}

function pathOf(route: Route, segment: string): string {
  return fullPathOf(route).replaceAll(/\{\w+\}/g, segment);
}

const fuzzed = routeEntries().filter(
  ([id]) => !['streamEvents', 'createSession', 'changePassword', 'buildDemoImage'].includes(id),
);

describe('garbage', () => {
  it.each(fuzzed)('in the body of %s is refused', async (id, route) => {
    if (route.method === 'get') return;
    await fc.assert(
      fc.asyncProperty(bodyOf(route), async (body) => {
        const answer = await node.send(route.method.toUpperCase(), pathOf(route, MISSING), body);
        if (answer.status >= 500)
          throw new Error(`${id}: ${answer.text} for ${JSON.stringify(body)}`);
        return isProblem(answer);
      }),
      { numRuns: 12 },
    );
  });

  it.each(fuzzed)('in the query of %s is refused', async (id, route) => {
    const name = fc.constantFrom('q', 'sort', 'limit', 'cursor', 'fields', 'dryRun', 'range', 'x');
    await fc.assert(
      fc.asyncProperty(name, fc.string({ unit: 'grapheme' }), async (key, value) => {
        const query = new URLSearchParams({ [key]: value }).toString();
        const path = `${pathOf(route, MISSING)}?${query}`;
        const answer = await node.send(route.method.toUpperCase(), path);
        if (answer.status >= 500) throw new Error(`${id} ?${query}: ${answer.text}`);
        return isProblem(answer);
      }),
      { numRuns: 8 },
    );
  });

  it('in paths is refused', async () => {
    for (const [id, route] of fuzzed) {
      if (route.params === undefined) continue;
      for (const segment of NASTY_SEGMENTS) {
        const answer = await node.send(route.method.toUpperCase(), pathOf(route, segment));
        expect(`${id} ${answer.status < 500}`).toBe(`${id} true`);
      }
    }
  });
});

describe('a request', () => {
  it('with an unknown field names the field', async () => {
    const answer = await node.api('POST', '/volumes', { name: 'v', sizeBytes: 2 ** 20, size: 1 });
    expect(answer.status).toBe(400);
    expect(pick(answer, 'errors.0')).toMatchObject({ path: 'size', code: 'unknownField' });
  });

  it('with absurd sizes is refused', async () => {
    for (const sizeBytes of [0, -1, 1.5, 4095, 2 ** 53, 1e300, Number.MAX_SAFE_INTEGER]) {
      expect((await node.api('POST', '/volumes', { name: 'v', sizeBytes })).status).toBe(400);
    }
    const huge = { name: 'h', vcpus: 1e9, memoryBytes: 2 ** 60 };
    expect((await node.api('POST', '/vms', huge)).status).toBe(400);
  });

  it('with path tricks in a name is refused', async () => {
    for (const name of ['../x', 'a/b', 'a\u0000b', '', ' ', 'x'.repeat(200), '-rf', 'a\nb']) {
      const answer = await node.api('POST', '/volumes', { name, sizeBytes: 2 ** 20 });
      expect(`${JSON.stringify(name)} ${answer.status}`).toBe(`${JSON.stringify(name)} 400`);
    }
  });

  it('that is not JSON, too large or of another type is refused by type', async () => {
    const broken = await node.api('POST', '/volumes', Buffer.from('{"name": '), {
      'content-type': 'application/json',
    });
    expect(pick(broken, 'code')).toBe('request.malformed');
    const large = await node.api('POST', '/volumes', { name: 'x'.repeat(600_000) });
    expect(pick(large, 'code')).toBe('request.tooLarge');
    const xml = await node.api('POST', '/volumes', Buffer.from('<a/>'), {
      'content-type': 'text/xml',
    });
    expect(pick(xml, 'code')).toBe('request.unsupportedMediaType');
    const charset = await node.api('POST', '/volumes', Buffer.from('{}'), {
      'content-type': 'application/json; charset=klingon',
    });
    expect(pick(charset, 'code')).toBe('request.unsupportedMediaType');
  });

  it('with a body nested ten thousand deep is refused', async () => {
    const deep = Buffer.from(`${'['.repeat(10_000)}${']'.repeat(10_000)}`);
    const answer = await node.api('POST', '/vms', deep, { 'content-type': 'application/json' });
    expect(answer.status).toBe(400);
  });

  it('that is not HTTP at all only ends its connection', async () => {
    const { port } = new URL(node.url);
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), '127.0.0.1', () => socket.write('\u0000\u0001\r\n\r\n'));
      socket.once('close', () => resolve());
      socket.once('error', () => resolve());
      socket.resume();
    });
    expect((await node.send('GET', '/healthz')).status).toBe(200);
  });
});
