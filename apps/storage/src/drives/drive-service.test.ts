import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GIB, kindOfFailure, World, type Life } from '../testing/world';

describe('DriveService', () => {
  let world: World;
  let life: Life;
  const at = (name: string): string => join(world.fileDirectory, name);
  const add = (path: string, more: { createBytes?: number; force?: boolean } = {}) =>
    life.drives.add({ path, force: false, ...more });

  beforeEach(async () => {
    world = new World();
    mkdirSync(world.fileDirectory);
    life = world.life();
    await life.start();
  });
  afterEach(async () => {
    await world.dispose();
  });

  it('makes, lists and removes a drive file, and gives the same drive when asked twice', async () => {
    const drive = await add(at('a.cairn'), { createBytes: GIB });
    expect(drive).toMatchObject({ state: 'in', medium: 'file', sizeBytes: GIB, volumes: 0 });
    expect((await add(at('a.cairn'), { createBytes: GIB })).id).toBe(drive.id);
    expect(await life.drives.list()).toEqual([drive]);
    await life.drives.remove(drive.id);
    expect(await kindOfFailure(life.drives.remove(drive.id))).toBe('not_found');
    expect(await life.drives.list()).toEqual([]);
  });

  it('gives a file that is added at the same time by two requests to both', async () => {
    const [one, two] = await Promise.all([
      add(at('a.cairn'), { createBytes: GIB }),
      add(at('a.cairn'), { createBytes: GIB }),
    ]);
    expect(one.id).toBe(two.id);
  });

  it('refuses files outside its directory, also through links', async () => {
    const outside = join(world.directory, 'outside');
    mkdirSync(outside);
    symlinkSync(outside, at('link'));
    writeFileSync(join(outside, 'file'), '');
    expect(await kindOfFailure(add(join(outside, 'new'), { createBytes: GIB }))).toBe(
      'invalid_argument',
    );
    expect(await kindOfFailure(add(at('link/new'), { createBytes: GIB }))).toBe('invalid_argument');
    expect(await kindOfFailure(add(join(outside, 'file')))).toBe('invalid_argument');
  });

  it('refuses a file that exists, one that does not, and more than the file system has', async () => {
    writeFileSync(at('there'), '');
    expect(await kindOfFailure(add(at('there'), { createBytes: GIB }))).toBe('already_exists');
    expect(await kindOfFailure(add(at('absent')))).toBe('not_found');
    expect(await kindOfFailure(add('/dev/null'))).toBe('invalid_argument');
    expect(await kindOfFailure(add(at('big'), { createBytes: 2 ** 50 }))).toBe('no_space');
    expect(await life.drives.list()).toEqual([]);
  });

  it('overwrites what is on a file only by force', async () => {
    writeFileSync(at('old'), 'something');
    truncateSync(at('old'), GIB);
    life.engine.addDrive(at('old'), GIB, false);
    expect(await kindOfFailure(add(at('old')))).toBe('already_exists');
    expect(await add(at('old'), { force: true })).toMatchObject({ state: 'in' });
  });

  it('keeps a drive with volumes', async () => {
    const drive = await add(at('a.cairn'), { createBytes: GIB });
    await life.volumes.create({ name: 'v', sizeBytes: 2 ** 20 });
    expect(await kindOfFailure(life.drives.remove(drive.id))).toBe('busy');
    expect((await life.drives.list())[0]?.volumes).toBe(1);
  });

  it('shows a drive that failed, with the reason, and lets its volumes go offline', async () => {
    const drive = await add(at('a.cairn'), { createBytes: GIB });
    const { id } = await life.volumes.create({ name: 'v', sizeBytes: 2 ** 20 });
    await life.volumes.attach(id, { readOnly: false });
    life.drives.onStoreFailed(drive.id, { kind: 'io_error', message: 'write at 0 failed' });
    expect(await life.drives.list()).toMatchObject([
      { state: 'failed', error: { kind: 'io_error', message: 'write at 0 failed' } },
    ]);
    expect((await life.volumes.get(id)).state).toBe('offline');
    expect(await kindOfFailure(life.volumes.create({ name: 'w', sizeBytes: 2 ** 20 }))).toBe(
      'no_space',
    );
  });

  it('does not open a drive that was formatted anew behind its back', async () => {
    const drive = await add(at('a.cairn'), { createBytes: GIB });
    life.kill();
    const fake = world.drives.get(drive.path);
    if (fake?.store) fake.store = { ...fake.store, incarnation: '7' };
    life = world.life();
    await life.start();
    expect((await life.drives.list())[0]).toMatchObject({
      state: 'missing',
      error: { kind: 'wrong_identity' },
    });
  });
});
