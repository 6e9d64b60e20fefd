import { fullPathOf, routeEntries } from '@cairn/contracts';
import { startPostgres, type TestPostgres } from '@cairn/persistence/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expressPathOf } from '../platform/operation';
import { TestNode } from './test-node';

let postgres: TestPostgres;
let node: TestNode;

beforeAll(async () => {
  postgres = await startPostgres();
  node = await TestNode.start({ databaseUrl: await postgres.createDatabase() });
});

afterAll(async () => {
  await node.destroy();
  await postgres.stop();
});

/** Every method and path that Express knows, without the pages outside the API. */
function servedRoutes(): string[] {
  const router: unknown = Reflect.get(node.app.getHttpAdapter().getInstance(), 'router');
  const stack: unknown = typeof router === 'function' ? Reflect.get(router, 'stack') : [];
  if (!Array.isArray(stack)) throw new Error('Express has no stack');
  const served = stack.flatMap((layer: { route?: { path: string; methods: object } }) =>
    layer.route === undefined
      ? []
      : Object.keys(layer.route.methods).map((method) => `${method} ${layer.route?.path ?? ''}`),
  );
  const outside = /^get (\/metrics|\/api\/docs.*)$/;
  return served.filter((route) => !outside.test(route)).sort();
}

describe('the route table', () => {
  it('is served completely, and nothing else is', () => {
    const wanted = routeEntries().map(([, route]) => `${route.method} ${expressPathOf(route)}`);
    expect(servedRoutes()).toEqual(wanted.sort());
  });

  it('lets nobody in without credentials, except where it says so', async () => {
    const missing = '01890000-0000-7000-8000-000000000000';
    for (const [id, route] of routeEntries()) {
      if (route.access === 'public') continue;
      const path = fullPathOf(route).replaceAll(/\{\w+\}/g, missing);
      const method = route.method.toUpperCase();
      const answer = await node.send(method, path, undefined, { authorization: '' });
      expect(`${id} ${answer.status}`).toBe(`${id} 401`);
    }
  });

  it('says which methods a path knows', async () => {
    const answer = await node.api('PUT', '/vms');
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('GET, POST');
  });

  it('answers an unknown path with a problem', async () => {
    const answer = await node.api('GET', '/no-such-thing');
    expect(answer.status).toBe(404);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
  });

  it('serves its description and its documentation without credentials', async () => {
    const document = await node.send('GET', '/api/v1/openapi.json', undefined, {
      authorization: '',
    });
    expect(document.body).toMatchObject({ openapi: '3.1.0' });
    const page = await node.send('GET', '/api/docs', undefined, { authorization: '' });
    expect(page.text).toContain('swagger-ui-bundle.js');
  });
});
