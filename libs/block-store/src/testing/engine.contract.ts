/** What holds for every Engine, real or fake. Test files call `describeEngine`. */
import { beforeEach, afterEach, describe, expect, it } from 'vitest';
import type { EngineEvent } from '../engine-commands';
import type { Engine } from '../engine';
import { EngineError, type StorageErrorKind } from '../errors';

export interface EngineWorld {
  open(onEvent: (event: EngineEvent) => void): Engine;
  /** A path in an empty directory of its own. */
  path(name: string): string;
  dispose(): Promise<void>;
}

const CLUSTER = '6f1f7dd0-0000-4000-8000-000000000001';
const NODE = '6f1f7dd0-0000-4000-8000-000000000002';
const OTHER = '6f1f7dd0-0000-4000-8000-00000000000f';
const DRIVE_BYTES = 256 * 2 ** 20;

export function describeEngine(name: string, makeWorld: () => Promise<EngineWorld>): void {
  describe(`${name}, as every engine`, () => {
    let world: EngineWorld;
    let engine: Engine;

    beforeEach(async () => {
      world = await makeWorld();
      engine = world.open(() => undefined);
    });
    afterEach(async () => {
      await engine.close().catch(() => undefined);
      await world.dispose();
    });

    const format = (file = 'drive') =>
      engine.call('drive.format', {
        path: world.path(file),
        clusterId: CLUSTER,
        nodeId: NODE,
        createBytes: DRIVE_BYTES,
      });
    const open = async (file = 'drive') => {
      await format(file);
      return engine.call('store.open', { path: world.path(file) });
    };
    const attach = (storeId: string, volumeId = '1', more = {}) =>
      engine.call('volume.attach', {
        volumeId,
        storeId,
        sizeBytes: 64 * 2 ** 20,
        volumeEpoch: 1,
        exportName: `volume-${volumeId}`,
        socketPath: world.path(`s${volumeId}`),
        ...more,
      });

    it('tells what a formatted drive carries, and reads nothing into an empty one', async () => {
      const identity = await format();
      expect(identity).toMatchObject({ clusterId: CLUSTER, nodeId: NODE, driveClass: 'file' });
      const probe = await engine.call('drive.probe', { path: world.path('drive') });
      expect(probe).toMatchObject({ sizeBytes: DRIVE_BYTES, isBlockDevice: false });
      expect(probe.store?.storeId).toBe(identity.storeId);
      expect(probe.store?.incarnation).toBe(identity.incarnation);
      await refused(engine.call('drive.probe', { path: world.path('nothing') }), 'not_found');
    });

    it('formats a drive again only by force, as another incarnation', async () => {
      const first = await format();
      await refused(format(), 'already_exists');
      const again = { path: world.path('drive'), clusterId: CLUSTER, nodeId: NODE };
      await refused(engine.call('drive.format', again), 'already_exists');
      const second = await engine.call('drive.format', { ...again, force: true });
      expect(second.incarnation).not.toBe(first.incarnation);
    });

    it('leaves no drive file behind when it cannot be formatted', async () => {
      const tiny = {
        path: world.path('tiny'),
        clusterId: CLUSTER,
        nodeId: NODE,
        createBytes: 4096,
      };
      await refused(engine.call('drive.format', tiny), 'invalid_argument');
      await refused(engine.call('drive.probe', { path: tiny.path }), 'not_found');
    });

    it('opens a store once, and only the one that was meant', async () => {
      const identity = await format();
      const path = world.path('drive');
      await refused(engine.call('store.open', { path, storeId: OTHER }), 'wrong_identity');
      await refused(engine.call('store.open', { path, incarnation: '1' }), 'wrong_identity');
      const state = await engine.call('store.open', { path, storeId: identity.storeId });
      expect(state.failure).toBeNull();
      expect(state.capacity.freeBytes).toBeGreaterThan(0);
      await refused(engine.call('store.open', { path }), 'already_exists');
      expect((await engine.call('store.list', {})).items).toHaveLength(1);
    });

    it('refuses what is not there', async () => {
      await refused(engine.call('store.open', { path: world.path('nothing') }), 'not_found');
      await refused(engine.call('store.stats', { storeId: OTHER }), 'not_found');
      await refused(engine.call('store.close', { storeId: OTHER }), 'not_found');
      await refused(attach(OTHER), 'not_found');
      await refused(engine.call('volume.detach', { volumeId: '9' }), 'not_found');
      await refused(engine.call('volume.stats', { volumeId: '9' }), 'not_found');
    });

    it('attaches a volume once, counts it, and detaches it', async () => {
      const { storeId } = await open();
      const state = await attach(storeId);
      expect(state).toMatchObject({ volumeId: '1', storeId, connectionsCount: 0, readOnly: false });
      await refused(attach(storeId, '1', { socketPath: world.path('other') }), 'already_exists');
      const stats = await engine.call('volume.stats', { volumeId: '1' });
      expect(stats.write.operationsCount).toBe(0);
      expect((await engine.call('volume.list', {})).items).toHaveLength(1);
      await engine.call('volume.detach', { volumeId: '1' });
      expect((await engine.call('volume.list', {})).items).toHaveLength(0);
    });

    it('refuses to attach a volume of an odd size, or without a socket', async () => {
      const { storeId } = await open();
      await refused(attach(storeId, '1', { sizeBytes: 5000 }), 'invalid_argument');
      await refused(attach(storeId, '1', { socketPath: undefined }), 'invalid_argument');
      await refused(attach(storeId, '0'), 'invalid_argument');
      await refused(attach(storeId, '1', { unknown: 1 }), 'invalid_argument');
    });

    it('grows a volume and does not shrink it', async () => {
      const { storeId } = await open();
      await attach(storeId);
      const sizeBytes = 128 * 2 ** 20;
      const grown = await engine.call('volume.resize', { volumeId: '1', sizeBytes });
      expect(grown.sizeBytes).toBe(sizeBytes);
      await refused(
        engine.call('volume.resize', { volumeId: '1', sizeBytes: 4096 }),
        'invalid_argument',
      );
    });

    it('keeps a store open while volumes are attached', async () => {
      const { storeId } = await open();
      await attach(storeId);
      await refused(engine.call('store.close', { storeId }), 'busy');
      await engine.call('volume.detach', { volumeId: '1' });
      await engine.call('store.close', { storeId });
      const probe = await engine.call('drive.probe', { path: world.path('drive') });
      expect(probe.store?.clean).toBe(true);
    });

    it('deletes detached volumes, known or not, and never an attached one', async () => {
      const { storeId } = await open();
      await attach(storeId);
      await refused(engine.call('volume.delete', { storeId, volumeId: '1' }), 'busy');
      const collect = (liveVolumeIds: string[]) =>
        engine.call('volume.gc', { storeId, liveVolumeIds, nextVolumeId: '2' });
      await refused(collect([]), 'busy');
      expect(await collect(['1'])).toEqual({ droppedVolumeIds: [], aheadVolumeIds: [] });
      await engine.call('volume.detach', { volumeId: '1' });
      await engine.call('volume.delete', { storeId, volumeId: '1' });
      await engine.call('volume.delete', { storeId, volumeId: '1' });
    });

    it('takes no calls after it was closed, and can be closed twice', async () => {
      const { storeId } = await open();
      await attach(storeId);
      await engine.close();
      await engine.close();
      await refused(engine.call('engine.stats', {}), 'cancelled');
    });

    it('finds its store clean again after a close with everything in use', async () => {
      const { storeId } = await open();
      await attach(storeId);
      await engine.close();
      engine = world.open(() => undefined);
      const probe = await engine.call('drive.probe', { path: world.path('drive') });
      expect(probe.store).toMatchObject({ storeId, clean: true });
      await engine.call('store.open', { path: world.path('drive'), storeId });
    });
  });
}

async function refused(work: Promise<unknown>, kind: StorageErrorKind): Promise<void> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(EngineError);
  expect(error).toMatchObject({ kind });
}
