/** Requests that no client of ours sends: each gets a typed problem, and nothing half-made remains. */
import { problemSchema, type Problem } from '@cairn/contracts';
import { outcomeOf, unwrap } from '@cairn/api-client';
import { describe, expect, it } from 'vitest';
import type { RawRequest } from '../harness/system';
import { system } from '../harness/shared';
import { engineVolumeCount } from '../harness/storage-control';

const MIB = 1024 * 1024;
const VM = { name: 'bad-input', vcpus: 1, memoryBytes: 128 * MIB };

/** Sends a request and parses its answer as a problem document. */
async function problemOf(
  method: string,
  path: string,
  options: RawRequest = {},
): Promise<Problem & { readonly httpStatus: number }> {
  const answer = await system().send(method, `/api/v1${path}`, options);
  expect(answer.headers.get('content-type')).toContain('application/problem+json');
  const problem = problemSchema.parse(await answer.json());
  expect(problem.status).toBe(answer.status);
  return { ...problem, httpStatus: answer.status };
}

describe('the API', () => {
  it.each([
    ['a field that does not exist', { ...VM, colour: 'red' }, 'colour', 'unknownField'],
    ['text for a number', { ...VM, vcpus: 'two' }, 'vcpus', 'invalidType'],
    ['no vCPU', { ...VM, vcpus: 0 }, 'vcpus', 'tooSmall'],
    ['half a vCPU', { ...VM, vcpus: 1.5 }, 'vcpus', 'invalidType'],
    ['absurdly many vCPUs', { ...VM, vcpus: 1e9 }, 'vcpus', 'tooBig'],
    ['absurdly much memory', { ...VM, memoryBytes: 2 ** 60 }, 'memoryBytes', 'tooBig'],
    ['negative memory', { ...VM, memoryBytes: -MIB }, 'memoryBytes', 'tooSmall'],
    ['no name', { vcpus: 1, memoryBytes: 128 * MIB }, 'name', 'required'],
    ['a name that is a path', { ...VM, name: '../../etc/passwd' }, 'name', 'invalidFormat'],
    ['a name with a line feed', { ...VM, name: 'a\nb' }, 'name', 'invalidFormat'],
    [
      'a name that is an option',
      { ...VM, name: '-drive file=/etc/shadow' },
      'name',
      'invalidFormat',
    ],
    ['a name too long', { ...VM, name: 'x'.repeat(64) }, 'name', 'tooBig'],
  ])('refuses a VM with %s by the name of the field', async (_what, json, path, code) => {
    const problem = await problemOf('POST', '/vms', { json });
    expect(problem.httpStatus).toBe(400);
    expect(problem.code).toBe('request.invalid');
    expect(problem.errors).toContainEqual(expect.objectContaining({ path, code }));
  });

  it.each([
    ['text that is not JSON', '{"name":'],
    ['JSON that is not an object', '[1, 2]'],
    ['a null', 'null'],
  ])('refuses %s', async (_what, body) => {
    const headers = { 'content-type': 'application/json' };
    const problem = await problemOf('POST', '/vms', { body, headers });
    expect(problem.httpStatus).toBe(400);
  });

  it('refuses a body of another type, and one that is too large', async () => {
    const xml = await problemOf('POST', '/vms', {
      body: '<vm/>',
      headers: { 'content-type': 'application/xml' },
    });
    expect(xml.httpStatus).toBe(415);
    const large = await problemOf('POST', '/vms', {
      json: { ...VM, description: 'x'.repeat(2 * MIB) },
    });
    expect(large.httpStatus).toBe(413);
  });

  it.each([
    ['GET', '/vms/not-an-id', 400],
    ['GET', '/vms/..%2f..%2fetc%2fpasswd', 400],
    ['GET', '/vms/01890000-0000-7000-8000-000000000000', 404],
    ['DELETE', '/volumes/01890000-0000-7000-8000-000000000000', 404],
    ['GET', '/vms?limit=0', 400],
    ['GET', '/vms?limit=1e9', 400],
    ['GET', '/vms?colour=red', 400],
    ['GET', '/vms?cursor=%00', 400],
    ['GET', '/vms?q=%22', 400],
    ['GET', '/nothing-here', 404],
  ])('answers %s %s with %i', async (method, path, status) => {
    const problem = await problemOf(method, path);
    expect(problem.httpStatus).toBe(status);
  });

  it('refuses volumes of impossible sizes', async () => {
    for (const sizeBytes of [0, -4096, 4096, MIB + 1, 2 ** 53, 1e300]) {
      const problem = await problemOf('POST', '/volumes', { json: { name: 'v', sizeBytes } });
      expect(problem.httpStatus).toBe(400);
    }
  });

  it.each(['/etc/passwd', '/dev/../etc/shadow', 'relative', '/proc/self/mem', '/dev/null'])(
    'refuses %s as a drive',
    async (path) => {
      const answer = await system().send('POST', '/api/v1/drives', {
        json: { path },
        headers: { prefer: 'wait=30' },
      });
      const said = (await answer.json()) as { code?: string; error?: { code: string } };
      expect(said.code ?? said.error?.code).toMatch(/^(request\.invalid|drive\.\w+)$/);
    },
  );

  it('lets one of many deletions of the same volume win, and answers the others', async () => {
    const { client } = system();
    const before = await engineVolumeCount(system());
    const body = { name: 'contested', sizeBytes: MIB };
    const outcome = outcomeOf(await client.POST('/api/v1/volumes', { body }));
    if (outcome.kind !== 'resource') throw new Error('The volume was not made at once.');
    const path = `/api/v1/volumes/${outcome.resource.id}`;
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => system().send('DELETE', path)),
    );
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 204).length).toBeGreaterThanOrEqual(1);
    expect(statuses.every((status) => [204, 404, 409].includes(status))).toBe(true);
    expect(await engineVolumeCount(system())).toBe(before);
  });

  it('makes one VM of many requests with the same id, and nothing remains after its deletion', async () => {
    const { client } = system();
    const before = await engineVolumeCount(system());
    const id = '01890000-0000-7000-8000-00000000e2e0';
    const disks = [{ kind: 'disk', source: { kind: 'blank', sizeBytes: MIB } }];
    const answers = await Promise.all(
      Array.from({ length: 6 }, () =>
        system().send('POST', '/api/v1/vms', {
          json: { ...VM, id, disks },
          headers: { prefer: 'wait=30' },
        }),
      ),
    );
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status < 300).length).toBeGreaterThanOrEqual(1);
    expect(statuses.every((status) => status < 300 || status === 409)).toBe(true);
    const { items } = unwrap(await client.GET('/api/v1/vms', {}));
    expect(items.filter((vm) => vm.name === VM.name)).toHaveLength(1);
    const deletion = await system().send('DELETE', `/api/v1/vms/${id}`, {
      headers: { prefer: 'wait=30' },
    });
    expect(deletion.status).toBe(200);
    expect(await engineVolumeCount(system())).toBe(before);
  });

  it('undoes a VM whose second disk cannot be made', async () => {
    const before = await engineVolumeCount(system());
    const missing = '01890000-0000-7000-8000-0000000000aa';
    const disks = [
      { kind: 'disk', source: { kind: 'blank', sizeBytes: MIB } },
      { kind: 'disk', source: { kind: 'image', imageId: missing } },
    ];
    const answer = await system().send('POST', '/api/v1/vms', {
      json: { ...VM, name: 'half-made', disks },
      headers: { prefer: 'wait=30' },
    });
    const said = (await answer.json()) as { code?: string; error?: { code: string } };
    expect(said.code ?? said.error?.code).toBe('image.notFound');
    expect(await engineVolumeCount(system())).toBe(before);
    const { items } = unwrap(await system().client.GET('/api/v1/vms', {}));
    expect(items.filter((vm) => vm.name === 'half-made')).toEqual([]);
  });
});

describe('without credentials', () => {
  it.each([
    ['GET', '/api/v1/vms'],
    ['POST', '/api/v1/vms'],
    ['GET', '/api/v1/events'],
    ['GET', '/api/v1/nodes'],
    ['DELETE', '/api/v1/users/01890000-0000-7000-8000-000000000000'],
  ])('%s %s is refused', async (method, path) => {
    const answer = await system().send(method, path, { anonymous: true });
    expect(answer.status).toBe(401);
  });

  it('a wrong token is refused', async () => {
    const headers = { authorization: `Bearer cairn_${'A'.repeat(43)}` };
    const answer = await system().send('GET', '/api/v1/vms', { anonymous: true, headers });
    expect(answer.status).toBe(401);
  });

  it('health, the description of the API and the console are open', async () => {
    for (const path of ['/healthz', '/api/v1/openapi.json', '/']) {
      expect((await system().send('GET', path, { anonymous: true })).status).toBe(200);
    }
  });
});
