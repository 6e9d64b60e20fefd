import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  json,
  logIn,
  problem,
  run,
  serveVm,
  startHttpsFixture,
  type HttpsFixture,
} from './testing/https-fixture';
import {
  DISK_ID,
  IMAGE_ID,
  imageOf,
  listOf,
  TASK_ID,
  taskOf,
  VM_ID,
  vmOf,
} from './testing/resources';

let fixture: HttpsFixture;

beforeEach(async () => {
  fixture = await startHttpsFixture();
  logIn(fixture);
});

afterEach(async () => {
  await fixture.close();
});

describe('listing and showing', () => {
  beforeEach(() => serveVm(fixture));

  it('prints a table', async () => {
    const { stdout } = await run(fixture, ['vm', 'list']);
    const [title, line] = stdout.split('\n');
    expect(title).toMatch(/^ID +NAME +STATE +VCPUS +MEMORY/);
    expect(line).toMatch(/web-1 +running +2 +2 GiB +25%/);
    expect(fixture.calls[0]?.headers.authorization).toBe('Bearer cairn_secret');
  });

  it('prints more columns with wide', async () => {
    expect((await run(fixture, ['vm', 'list', '-o', 'wide'])).stdout).toContain('pc-q35-7.2');
  });

  it('prints JSON and YAML for programs', async () => {
    const asJson = await run(fixture, ['vm', 'list', '-o', 'json']);
    expect(JSON.parse(asJson.stdout)).toEqual([vmOf()]);
    expect((await run(fixture, ['vm', 'list', '--json'])).stdout).toBe(asJson.stdout);
    const asYaml = await run(fixture, ['-o', 'yaml', 'vm', 'show', 'web-1']);
    expect(asYaml.stdout).toContain('name: web-1\n');
  });

  it('passes the filter on', async () => {
    await run(fixture, ['vm', 'ls', '-q', 'state:running', '--sort=-name']);
    expect(Object.fromEntries(fixture.calls[0]?.query ?? [])).toMatchObject({
      q: 'state:running',
      sort: '-name',
    });
  });

  it('finds nothing under another name', async () => {
    const result = await run(fixture, ['vm', 'show', 'web']);
    expect(result).toMatchObject({ code: 3, stdout: '', stderr: 'There is no VM "web".\n' });
  });

  it('wants an id when a name is not unique', async () => {
    fixture.routes.set('GET /vms', (_, response) =>
      json(response, 200, listOf(vmOf(), vmOf({ id: DISK_ID }))),
    );
    const result = await run(fixture, ['vm', 'show', 'web-1']);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain(DISK_ID);
  });
});

describe('exit codes', () => {
  it.each([
    ['vm.notFound', 3],
    ['auth.forbidden', 4],
    ['auth.required', 4],
    ['vm.wrongState', 5],
    ['request.invalid', 2],
    ['storage.unavailable', 1],
    ['vm.guestTimeout', 6],
  ] as const)('of %s is %d', async (code, exitCode) => {
    fixture.routes.set(`GET /vms/${VM_ID}`, (_, response) => problem(response, code, 'No.'));
    expect((await run(fixture, ['vm', 'show', VM_ID])).code).toBe(exitCode);
  });

  it('of a command that nobody knows is 2', async () => {
    for (const words of [
      ['vmm'],
      ['vm', 'show'],
      ['vm', 'list', '--colour'],
      ['vm', 'list', '-o', 'xml'],
    ])
      expect((await run(fixture, words)).code).toBe(2);
    expect(fixture.calls).toEqual([]);
  });

  it('of help is 0', async () => {
    expect((await run(fixture, ['vm', 'create', '--help'])).code).toBe(0);
  });

  it('of a server that is away is 1', async () => {
    const { server } = fixture;
    await fixture.close();
    fixture = await startHttpsFixture();
    logIn(fixture, { server });
    const result = await run(fixture, ['cluster', 'status']);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('cannot be reached');
  });
});

describe('writing', () => {
  beforeEach(() => serveVm(fixture));

  it('creates a VM from an image, with everything looked up', async () => {
    fixture.routes.set('GET /images', (_, response) => json(response, 200, listOf(imageOf())));
    fixture.routes.set('POST /vms', (_, response) => json(response, 202, taskOf()));
    const result = await run(fixture, [
      ...['vm', 'create', 'web-1', '--vcpus', '4', '--memory', '8G', '--tag', 'web', '--tag', 'x'],
      ...[
        '--disk',
        'image=debian.qcow2,size=20G',
        '--disk',
        '1T',
        '--nic',
        'bridge=br0',
        '--start',
      ],
    ]);
    expect(result).toMatchObject({
      code: 0,
      stdout: `vm web-1: create: task ${TASK_ID} started.\n`,
    });
    expect(fixture.calls.at(-1)?.json).toEqual({
      name: 'web-1',
      vcpus: 4,
      memoryBytes: 8 * 1024 ** 3,
      tags: ['web', 'x'],
      disks: [
        { kind: 'disk', source: { kind: 'image', imageId: IMAGE_ID, sizeBytes: 20 * 1024 ** 3 } },
        { kind: 'disk', source: { kind: 'blank', sizeBytes: 1024 ** 4 } },
      ],
      nics: [{ network: { kind: 'bridge', bridge: 'br0' } }],
      start: true,
    });
  });

  it('starts a created VM as a task of its own when it waits, so that a failed start shows', async () => {
    fixture.routes.set('POST /vms', (_, response) => json(response, 202, taskOf()));
    fixture.routes.set(`POST /vms/${VM_ID}/actions/start`, (_, response) =>
      problem(response, 'placement.noFit', 'No node has the memory.'),
    );
    fixture.routes.set(`GET /tasks/${TASK_ID}`, (_, response) =>
      json(response, 200, taskOf({ state: 'succeeded' })),
    );
    const result = await run(fixture, ['vm', 'create', 'web-1', '--start', '--wait']);
    expect(result.code).toBe(5);
    expect(fixture.calls[0]?.json).toMatchObject({ start: false });
  });

  it('waits for the task and shows its steps when asked to', async () => {
    fixture.routes.set(`POST /vms/${VM_ID}/actions/start`, (_, response) =>
      json(response, 202, taskOf()),
    );
    let polls = 0;
    fixture.routes.set(`GET /tasks/${TASK_ID}`, (_, response) =>
      json(response, 200, taskOf(polls++ === 0 ? {} : { state: 'succeeded', steps: [] })),
    );
    const result = await run(fixture, ['vm', 'start', 'web-1', '--wait']);
    expect(result).toMatchObject({ code: 0, stdout: 'vm web-1: start: done.\n' });
    expect(result.stderr).toContain('vm.start: attach 40%');
  });

  it('fails as its task fails', async () => {
    fixture.routes.set(`POST /vms/${VM_ID}/actions/stop`, (_, response) =>
      json(response, 202, taskOf()),
    );
    const error = { code: 'vm.busy', message: 'Another task works on it.' } as const;
    fixture.routes.set(`GET /tasks/${TASK_ID}`, (_, response) =>
      json(response, 200, taskOf({ state: 'failed', error })),
    );
    const result = await run(fixture, ['vm', 'stop', 'web-1', '--wait']);
    expect(result).toMatchObject({ code: 5, stdout: '' });
    expect(result.stderr).toContain('Another task works on it.');
  });

  it('gives up waiting after its timeout', async () => {
    fixture.routes.set(`GET /tasks/${TASK_ID}`, (_, response) => json(response, 200, taskOf()));
    const result = await run(fixture, ['task', 'wait', TASK_ID, '--timeout', '1']);
    expect(result.code).toBe(6);
    expect(result.stderr).toContain('not finished yet');
  });

  it('shows a plan instead of deleting', async () => {
    fixture.routes.set(`DELETE /vms/${VM_ID}`, (call, response) => {
      expect(call.query.get('dryRun')).toBe('true');
      json(response, 200, {
        dryRun: true,
        steps: [{ name: 'delete', description: 'Delete 1 volume' }],
        effects: [],
        warnings: [],
        blockers: [],
        estimate: { bytes: 1024, seconds: null },
      });
    });
    const result = await run(fixture, ['vm', 'delete', 'web-1', '--dry-run']);
    expect(result.code).toBe(0);
    expect(result.stdout).toContain('Delete 1 volume');
  });

  it('names a disk by its slot', async () => {
    fixture.routes.set(`POST /vms/${VM_ID}/disks/${DISK_ID}/actions/resize`, (_, response) =>
      json(response, 202, taskOf()),
    );
    expect((await run(fixture, ['vm', 'disk', 'resize', 'web-1', '0', '40G'])).code).toBe(0);
    expect(fixture.calls.at(-1)?.json).toEqual({ sizeBytes: 40 * 1024 ** 3 });
    expect((await run(fixture, ['vm', 'disk', 'resize', 'web-1', '7', '40G'])).code).toBe(3);
  });

  it('refuses a change that changes nothing', async () => {
    expect((await run(fixture, ['vm', 'set', 'web-1'])).code).toBe(2);
    expect(fixture.calls).toEqual([]);
  });
});

describe('any path of the API', () => {
  it('is called with the credentials and a JSON body', async () => {
    fixture.routes.set('POST /volumes', (call, response) => json(response, 201, call.json));
    const words = ['api', 'post', 'volumes', '-d', '{"name":"data"}'];
    const result = await run(fixture, words);
    expect(JSON.parse(result.stdout)).toEqual({ name: 'data' });
    expect((await run(fixture, ['api', 'post', 'volumes', '-d', 'no json'])).code).toBe(2);
    expect((await run(fixture, ['api', 'get', 'nothing'])).code).toBe(3);
  });
});

describe('completion', () => {
  const complete = async (...words: string[]) =>
    (await run(fixture, ['__complete', '--', ...words])).stdout.split('\n').filter(Boolean);

  it('knows commands, options and their choices', async () => {
    expect(await complete('v')).toEqual(['vm', 'volume']);
    expect(await complete('vm', 're')).toEqual(['reboot', 'reset', 'resume']);
    expect(await complete('vm', 'create', 'x', '--firm')).toEqual(['--firmware']);
    expect(await complete('vm', 'create', 'x', '--firmware', '')).toEqual(['bios', 'uefi']);
    expect(await complete('vm', 'list', '-o', 'j')).toEqual(['json']);
    expect(await complete('completion', '')).toEqual(['bash', 'fish', 'zsh']);
  });

  it('knows the names of VMs, and nothing when nobody answers', async () => {
    expect(await complete('vm', 'start', '')).toEqual([]);
    serveVm(fixture);
    expect(await complete('vm', 'start', '')).toEqual(['web-1']);
    expect(await complete('vm', 'start', 'web-1', 'w')).toEqual(['web-1']);
  });

  it.each(['bash', 'zsh', 'fish'])('has a script for %s', async (shell) => {
    const { stdout } = await run(fixture, ['completion', shell]);
    expect(stdout).toContain('cairn __complete');
  });
});
