/** What holds for every Storage: the fake, and the client in front of a daemon. Test files call `describeStorage`. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StorageError, type StorageErrorKind } from '../errors';
import type { Storage } from '../storage';

export interface StorageWorld {
  readonly storage: Storage;
  /** A drive that can be added: an empty block device's path, or a file to be made. */
  readonly drive: { path: string; createBytes?: number };
  dispose(): Promise<void>;
}

const EXTERNAL_ID = '0197f1a0-0000-7000-8000-000000000001';
const MIB = 2 ** 20;

export function describeStorage(name: string, makeWorld: () => Promise<StorageWorld>): void {
  describe(`${name}, as every storage`, () => {
    let world: StorageWorld;
    let storage: Storage;

    beforeEach(async () => {
      world = await makeWorld();
      storage = world.storage;
    });
    afterEach(() => world.dispose());

    const withVolume = async () => {
      await storage.addDrive(world.drive);
      return storage.createVolume({ name: 'data', sizeBytes: 64 * MIB });
    };

    it('counts its drives and volumes', async () => {
      expect((await storage.status()).drives.count).toBe(0);
      const volume = await withVolume();
      const status = await storage.status();
      expect(status.drives.count).toBe(1);
      expect(status.volumes).toMatchObject({ count: 1, attachedCount: 0 });
      expect((await storage.drives()).items[0]).toMatchObject({ state: 'in', volumes: 1 });
      expect(await storage.volumes()).toEqual([volume]);
    });

    it('refuses a drive that is in the pool already, and one that does not exist', async () => {
      await storage.addDrive(world.drive);
      await refused(storage.addDrive({ path: world.drive.path }), 'already_exists');
      await refused(storage.addDrive({ path: '/dev/no-such-drive' }), 'not_found');
      await refused(storage.addDrive({ path: '../etc/passwd' }), 'invalid_argument');
    });

    it('gives the same volume for a repeated creation', async () => {
      await storage.addDrive(world.drive);
      const create = { name: 'data', sizeBytes: 64 * MIB, externalId: EXTERNAL_ID };
      const first = await storage.createVolume(create);
      expect((await storage.createVolume(create)).id).toBe(first.id);
      await refused(storage.createVolume({ ...create, sizeBytes: 128 * MIB }), 'already_exists');
      expect(await storage.volumes()).toHaveLength(1);
    });

    it('gives the same attachment for a repeated attach, and a new epoch after a detach', async () => {
      const { id } = await withVolume();
      const first = await storage.attachVolume(id, {});
      expect(first.volumeEpoch).toBeGreaterThan(0);
      expect(await storage.attachVolume(id, {})).toEqual(first);
      expect((await storage.volume(id)).state).toBe('attached');
      await storage.detachVolume(id);
      await storage.detachVolume(id);
      expect((await storage.volume(id)).state).toBe('detached');
      const second = await storage.attachVolume(id, { readOnly: true });
      expect(second.volumeEpoch).toBeGreaterThan(first.volumeEpoch);
    });

    it('does not delete an attached volume, and deletes a detached one for good', async () => {
      const { id } = await withVolume();
      await storage.attachVolume(id, {});
      await refused(storage.deleteVolume(id), 'busy');
      await storage.detachVolume(id);
      await storage.deleteVolume(id);
      await storage.deleteVolume(id);
      await refused(storage.volume(id), 'not_found');
      expect((await storage.createVolume({ name: 'b', sizeBytes: 64 * MIB })).id).not.toBe(id);
    });

    it('grows a volume, attached or not, and does not shrink it', async () => {
      const { id } = await withVolume();
      expect((await storage.resizeVolume(id, 128 * MIB)).sizeBytes).toBe(128 * MIB);
      await storage.attachVolume(id, {});
      expect((await storage.resizeVolume(id, 192 * MIB)).sizeBytes).toBe(192 * MIB);
      await refused(storage.resizeVolume(id, 64 * MIB), 'invalid_argument');
    });

    it('keeps a drive while volumes live on it', async () => {
      const volume = await withVolume();
      const driveId = volume.driveId ?? 'none';
      await refused(storage.removeDrive(driveId), 'busy');
      await storage.deleteVolume(volume.id);
      await storage.removeDrive(driveId);
      expect((await storage.status()).drives.count).toBe(0);
      await refused(storage.removeDrive(driveId), 'not_found');
    });

    it('tells the counters of an attached volume', async () => {
      const { id } = await withVolume();
      await refused(storage.volumeStats(id), 'not_found');
      await storage.attachVolume(id, {});
      expect((await storage.volumeStats(id)).read.operations).toBe(0);
      await refused(storage.volumeStats('999'), 'not_found');
    });

    it('exports metrics as text', async () => {
      expect(await storage.metricsText()).toContain('#');
    });
  });
}

async function refused(work: Promise<unknown>, kind: StorageErrorKind): Promise<void> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StorageError);
  expect(error).toMatchObject({ kind });
}
