import { describe, expect, it } from 'vitest';
import { buildOpenApiDocument } from './openapi';
import { builtInRoles, permissions, roleAllows, roleNames } from './roles';
import { fullPathOf, routeEntries, routes } from './routes';
import { answers, querySchemaOf, responsesOf } from './route';
import { named } from './schema-names';
import { z } from 'zod';

describe('the route table', () => {
  it('names every parameter of every path, and no other', () => {
    for (const [, route] of routeEntries()) {
      const inPath = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      expect(Object.keys(route.params?.shape ?? {})).toEqual(inPath);
    }
  });

  it('has no two routes with one method and path', () => {
    const keys = routeEntries().map(
      ([, route]) => `${route.method} ${fullPathOf(route).replace(/\{\w+\}/g, '{}')}`,
    );
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('leaves only log-in, health and its own description open to everybody', () => {
    const open = routeEntries().filter(([, route]) => route.access === 'public');
    expect(open.map(([id]) => id).sort()).toEqual([
      'createSession',
      'getHealth',
      'getOpenApi',
      'getReadiness',
    ]);
  });

  it('never changes anything by GET, and never needs only a read permission to write', () => {
    for (const [id, route] of routeEntries()) {
      const reads = route.access.endsWith(':read');
      if (route.method === 'get') expect(route.dryRun ?? route.task, id).toBeUndefined();
      else expect(reads, id).toBe(false);
    }
  });

  it('answers 202 exactly where it works in a task or completes an upload', () => {
    for (const [id, route] of routeEntries()) {
      const upload = id === 'uploadImageData' || id === 'uploadIsoData';
      expect(202 in route.responses, id).toBe(route.task === true || upload);
    }
  });

  it('refuses unknown query parameters everywhere', () => {
    for (const [, route] of routeEntries())
      expect(querySchemaOf(route).safeParse({ surprise: '1' }).success).toBe(false);
  });

  it('accepts dryRun only where a plan is answered', () => {
    expect(querySchemaOf(routes.deleteVm).parse({ dryRun: 'true', keepVolumes: 'true' })).toEqual({
      dryRun: true,
      keepVolumes: 'true',
    });
    expect(querySchemaOf(routes.deleteVm).safeParse({ dryRun: 'yes' }).success).toBe(false);
    expect(Object.keys(responsesOf(routes.deleteVolume))).toEqual(['200', '204']);
  });
});

describe('roles', () => {
  it('give the administrator everything and others only known permissions', () => {
    expect(builtInRoles.administrator.permissions).toEqual(permissions);
    for (const name of roleNames)
      for (const permission of builtInRoles[name].permissions)
        expect(permissions).toContain(permission);
  });

  it('keep users away from everybody but administrators and auditors', () => {
    expect(roleNames.filter((role) => roleAllows(role, 'users:read'))).toEqual([
      'administrator',
      'auditor',
    ]);
    expect(roleNames.filter((role) => roleAllows(role, 'users:update'))).toEqual(['administrator']);
  });

  it('let a viewer change nothing', () => {
    expect(builtInRoles.viewer.permissions.every((name) => name.endsWith(':read'))).toBe(true);
  });
});

describe('the OpenAPI document', () => {
  const text = JSON.stringify(buildOpenApiDocument(routes));
  const document = z
    .object({
      openapi: z.literal('3.1.0'),
      paths: z.record(z.string(), z.record(z.string(), z.looseObject({ operationId: z.string() }))),
      components: z.object({ schemas: z.record(z.string(), z.looseObject({})) }),
    })
    .parse(JSON.parse(text));

  it('describes every route once', () => {
    const described = Object.values(document.paths).flatMap((path) =>
      Object.values(path).map((operation) => operation.operationId),
    );
    expect(described.sort()).toEqual(Object.keys(routes).sort());
  });

  it('refers only to schemas that it has, and has none that nobody refers to', () => {
    const referred = new Set(
      [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map((match) => match[1]),
    );
    const known = Object.keys(document.components.schemas);
    expect([...referred].filter((name) => !known.includes(name ?? ''))).toEqual([]);
    expect(known.filter((name) => !referred.has(name) && name !== 'Event')).toEqual([]);
  });

  it('is the same each time', () => {
    expect(JSON.stringify(buildOpenApiDocument(routes))).toBe(text);
  });

  it('keeps the descriptions of fields', () => {
    expect(text).toContain('Start the VM when it is made.');
  });

  it('refuses one name for two schemas', () => {
    const build = () => {
      const other = named('Vm', z.object({ surprise: z.string() }));
      const second = {
        ...routes.getVm,
        path: '/other',
        responses: answers('Other.', other),
      } as const;
      return buildOpenApiDocument({ getVm: routes.getVm, second });
    };
    expect(build).toThrow(/Vm/);
  });
});
