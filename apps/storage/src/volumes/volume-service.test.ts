import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { recordKeys } from '@cairn/cluster';
import { GIB, kindOfFailure, World, type Life } from '../testing/world';

const MIB = 2 ** 20;
const EXTERNAL_ID = '0b9c6a4e-6a35-4c07-9a4e-6d1a52f0a00a';

describe('VolumeService', () => {
  let world: World;
  let life: Life;

  const addDrive = (name = 'drive0') =>
    life.drives.add({
      path: join(world.fileDirectory, `${name}.cairn`),
      createBytes: GIB,
      force: false,
    });

  beforeEach(async () => {
    world = new World();
    life = world.life();
    await life.start();
  });
  afterEach(async () => {
    await world.dispose();
  });

  it('refuses to create a volume on a node without drives', async () => {
    const work = life.volumes.create({ name: 'a', sizeBytes: MIB });
    expect(await kindOfFailure(work)).toBe('no_space');
  });

  it('gives every volume a number that no volume had before', async () => {
    await addDrive();
    const first = await life.volumes.create({ name: 'a', sizeBytes: MIB });
    await life.volumes.delete(first.id);
    const second = await life.volumes.create({ name: 'a', sizeBytes: MIB });
    expect([first.id, second.id]).toEqual(['1', '2']);
  });

  it('gives the same volume for the same external id, and refuses another size', async () => {
    await addDrive();
    const request = { name: 'a', sizeBytes: MIB, externalId: EXTERNAL_ID };
    const [one, two] = await Promise.all([
      life.volumes.create(request),
      life.volumes.create(request),
    ]);
    expect(two.id).toBe(one.id);
    const other = life.volumes.create({ ...request, sizeBytes: 2 * MIB });
    expect(await kindOfFailure(other)).toBe('already_exists');
  });

  it('attaches with a raised epoch, and a repeated attach changes nothing', async () => {
    await addDrive();
    const { id } = await life.volumes.create({ name: 'a', sizeBytes: MIB });
    const one = await life.volumes.attach(id, { readOnly: false });
    const two = await life.volumes.attach(id, { readOnly: false });
    expect(one).toEqual(two);
    expect(one.volumeEpoch).toBe(1);
    expect(one.exportName).toBe(`vol-${id}`);
    expect((await stat(one.socketPath)).mode & 0o777).toBe(0o600);
    expect(await kindOfFailure(life.volumes.attach(id, { readOnly: true }))).toBe('busy');
    expect(await kindOfFailure(life.volumes.delete(id))).toBe('busy');
  });

  it('lets every guest read a volume that is attached read-only for nobody in particular', async () => {
    await addDrive();
    const { id } = await life.volumes.create({ name: 'iso', sizeBytes: MIB });
    const { socketPath } = await life.volumes.attach(id, { readOnly: true });
    expect((await stat(socketPath)).mode & 0o777).toBe(0o666);
    expect((await stat(join(world.directory, 'run'))).mode & 0o777).toBe(0o711);
  });

  it('gives the socket to the user that is asked for', async () => {
    await addDrive();
    const { id } = await life.volumes.create({ name: 'a', sizeBytes: MIB });
    const uid = process.getuid?.() === 0 ? 200_001 : (process.getuid?.() ?? 0);
    const { socketPath } = await life.volumes.attach(id, { readOnly: false, socketUid: uid });
    expect((await stat(socketPath)).uid).toBe(uid);
    expect((await life.volumes.get(id)).attachment?.socketUid).toBe(uid);
  });

  it('takes the attachment back when the engine refuses it', async () => {
    const drive = await addDrive();
    const { id } = await life.volumes.create({ name: 'a', sizeBytes: MIB });
    // The engine refuses what the daemon does not know yet.
    await life.engine.call('store.close', { storeId: drive.id });
    expect(await kindOfFailure(life.volumes.attach(id, { readOnly: false }))).toBe('not_found');
    expect(await life.volumes.get(id)).toMatchObject({ state: 'detached', attachment: null });
    expect(world.descriptors.kept.size).toBe(0);
    expect(await readdir(join(world.directory, 'run'))).toEqual([]);
  });

  it('attaches again after a kill what was attached, on the same socket with a higher epoch', async () => {
    await addDrive();
    const { id } = await life.volumes.create({ name: 'a', sizeBytes: MIB });
    await life.volumes.attach(id, { readOnly: false });
    const keptBefore = new Map(world.descriptors.kept);
    life.kill();
    life = world.life();
    await life.start();
    const volume = await life.volumes.get(id);
    expect(volume).toMatchObject({ state: 'attached', volumeEpoch: 2, error: null });
    expect(world.descriptors.kept).toEqual(keptBefore);
  });

  it('keeps a volume of a missing drive offline, with its socket, and says why', async () => {
    await addDrive();
    const { id } = await life.volumes.create({ name: 'a', sizeBytes: MIB });
    const { socketPath } = await life.volumes.attach(id, { readOnly: false });
    life.kill();
    const [path, drive] = [...world.drives][0] ?? [];
    if (path === undefined || drive === undefined) throw new Error('no drive');
    world.drives.delete(path);
    life = world.life();
    await life.start();
    const volume = await life.volumes.get(id);
    expect(volume.state).toBe('offline');
    expect(volume.error?.message).toContain('drive');
    expect(volume.attachment?.socketPath).toBe(socketPath);
    expect(world.descriptors.kept.has(`vol-${id}`)).toBe(true);
    expect((await life.drives.list())[0]?.state).toBe('missing');
    expect(await kindOfFailure(life.volumes.attach(id, { readOnly: false }))).toBe('not_found');
    // It is plugged in again.
    world.drives.set(path, drive);
    expect(await life.drives.openMissing()).toHaveLength(1);
    await life.volumes.attachOwned();
    expect((await life.volumes.get(id)).state).toBe('attached');
  });

  it('leaves a volume with a damaged record alone: visible, not served, not collected', async () => {
    const drive = await addDrive();
    const { id } = await life.volumes.create({ name: 'a', sizeBytes: MIB });
    await life.volumes.attach(id, { readOnly: false });
    life.kill();
    world.cluster.plant(recordKeys.volume(id), '{"schema":1,"name":');
    life = world.life();
    await life.start();
    expect(await life.volumes.get(id)).toMatchObject({
      state: 'offline',
      error: { kind: 'corrupt' },
      driveId: null,
    });
    expect(await kindOfFailure(life.volumes.attach(id, { readOnly: false }))).toBe('corrupt');
    expect(world.drives.get(drive.path)?.volumes.has(id)).toBe(true);
    await life.volumes.delete(id);
    expect(await kindOfFailure(life.volumes.get(id))).toBe('not_found');
  });

  it('grows a volume and refuses to shrink it', async () => {
    await addDrive();
    const { id } = await life.volumes.create({ name: 'a', sizeBytes: 2 * MIB });
    await life.volumes.attach(id, { readOnly: false });
    expect((await life.volumes.resize(id, 4 * MIB)).sizeBytes).toBe(4 * MIB);
    expect((await life.volumes.stats(id)).sizeBytes).toBe(4 * MIB);
    expect(await kindOfFailure(life.volumes.resize(id, 2 * MIB))).toBe('invalid_argument');
  });

  it('forgets a volume that is deleted twice or detached when it is not attached', async () => {
    await addDrive();
    const { id } = await life.volumes.create({ name: 'a', sizeBytes: MIB });
    await life.volumes.detach(id);
    await life.volumes.delete(id);
    await life.volumes.delete(id);
    await life.volumes.detach(id);
    expect(await life.volumes.list()).toEqual([]);
  });

  it('collects the bytes of volumes whose deletion was cut short', async () => {
    const drive = await addDrive();
    const { id } = await life.volumes.create({ name: 'a', sizeBytes: MIB });
    await life.volumes.attach(id, { readOnly: false });
    await life.volumes.detach(id);
    await life.facts.deleteVolume(id);
    expect(world.drives.get(drive.path)?.volumes.has(id)).toBe(true);
    life.kill();
    await world.inLife(() => Promise.resolve());
    expect(world.drives.get(drive.path)?.volumes.has(id)).toBe(false);
  });

  it('does not collect volumes that etcd never named', async () => {
    const drive = await addDrive();
    world.drives.get(drive.path)?.volumes.set('99', 4096);
    await life.volumes.collect();
    expect(world.drives.get(drive.path)?.volumes.has('99')).toBe(true);
  });

  it('answers `unavailable` while etcd is out, and goes on afterwards', async () => {
    await addDrive();
    const { id } = await life.volumes.create({ name: 'a', sizeBytes: MIB });
    world.cluster.setOutage(true);
    expect(await kindOfFailure(life.volumes.attach(id, { readOnly: false }))).toBe('unavailable');
    expect((await life.volumes.get(id)).state).toBe('detached');
    world.cluster.setOutage(false);
    expect((await life.volumes.attach(id, { readOnly: false })).volumeEpoch).toBe(1);
  });
});

describe('a life that is killed at any step', () => {
  /** Everything that an administrator asks for, in order. Each may be asked for again. */
  const story: readonly ((life: Life, world: World) => Promise<unknown>)[] = [
    (life, world) =>
      life.drives.add({
        path: join(world.fileDirectory, 'drive0.cairn'),
        createBytes: GIB,
        force: false,
      }),
    (life) => life.volumes.create({ name: 'a', sizeBytes: MIB, externalId: EXTERNAL_ID }),
    (life) => life.volumes.attach('1', { readOnly: false }),
    (life) => life.volumes.resize('1', 2 * MIB),
    (life) => life.volumes.detach('1'),
    (life) => life.volumes.attach('1', { readOnly: true }),
    (life) => life.volumes.detach('1'),
    (life) => life.volumes.delete('1'),
    async (life) => {
      for (const drive of await life.drives.list()) await life.drives.remove(drive.id);
    },
  ];

  /** Tells the story with one kill, if it comes so far; a request that was cut short is repeated in the next life. */
  async function tell(killAtStep: number): Promise<boolean> {
    const world = new World();
    try {
      let life = world.life();
      life.steps.killAtStep(killAtStep);
      let killed = false;
      for (let at = -1; at < story.length;) {
        const work = at < 0 ? life.start() : story[at]?.(life, world);
        const end = await Promise.race([work, life.steps.death]);
        if (end !== 'killed') {
          at += 1;
          continue;
        }
        killed = true;
        life.kill();
        life = world.life();
        await life.start();
        at = Math.max(at, 0);
      }
      life.steps.killAtStep(Number.POSITIVE_INFINITY);
      expect(await life.volumes.list()).toEqual([]);
      expect(await life.drives.list()).toEqual([]);
      expect((await world.cluster.list('/cairn/vol/')).items).toEqual([]);
      expect((await world.cluster.list('/cairn/store/')).items).toEqual([]);
      expect(world.descriptors.kept.size).toBe(0);
      expect(await readdir(join(world.directory, 'run'))).toEqual([]);
      return !killed;
    } finally {
      await world.dispose();
    }
  }

  it('completes every request when it is repeated in the next life, and leaves nothing behind', async () => {
    let step = 1;
    while (!(await tell(step))) step += 1;
    expect(step).toBeGreaterThan(30);
  });
});
