/**
 * FakeEngine: the engine without a disk or a socket. It keeps the rules of the real one (who must exist, what is refused as
 * what) and the bytes of none. The suite in testing/engine.contract.ts holds both to the same behaviour.
 */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import {
  engineCommands,
  LATENCY_BUCKETS,
  type EngineEvent,
  type EngineMethod,
  type EngineParams,
  type EngineResult,
  type OperationCounters,
  type StoreIdentity,
  type StoreState,
  type VolumeState,
} from './engine-commands';
import type { Engine, EngineOptions } from './engine';
import { EngineError } from './errors';

/** A drive of the fake world: what is at a path, across engines. */
export interface FakeDrive {
  readonly sizeBytes: number;
  readonly isBlockDevice: boolean;
  store: StoreIdentity | null;
  /** Bytes that volumes hold, by volume. */
  readonly volumes: Map<string, number>;
  openedBy: FakeEngine | null;
}

interface OpenStore {
  readonly path: string;
  readonly drive: FakeDrive;
  readonly identity: StoreIdentity;
  failure: StoreState['failure'];
}

type Handlers = {
  readonly [M in EngineMethod]: (
    params: z.output<(typeof engineCommands)[M]['params']>,
  ) => EngineResult<M>;
};

const MIB = 2 ** 20;
const DRIVE_BYTES_MIN = 64 * MIB;

export class FakeEngine implements Engine {
  private readonly stores = new Map<string, OpenStore>();
  private readonly attached = new Map<string, VolumeState>();
  private closed = false;

  /** `drives` by path; engines that share the map share the drives, as processes on one machine do. */
  constructor(
    private readonly options: EngineOptions,
    readonly drives: Map<string, FakeDrive> = new Map(),
  ) {}

  /** Puts an empty drive into the fake world. */
  addDrive(path: string, sizeBytes: number, isBlockDevice = true): FakeDrive {
    const drive = { sizeBytes, isBlockDevice, store: null, volumes: new Map(), openedBy: null };
    this.drives.set(path, drive);
    return drive;
  }

  /** Makes a store fail as after a write error of its drive. */
  failStore(storeId: string, message: string): void {
    const error = { kind: 'io_error' as const, message };
    this.openStore(storeId).failure = error;
    this.emit({ event: 'store.failed', storeId, error });
  }

  /** Makes a volume's listener fail. */
  stopVolume(volumeId: string, message: string): void {
    this.attached.delete(volumeId);
    this.emit({ event: 'volume.stopped', volumeId, error: { kind: 'io_error', message } });
  }

  async call<M extends EngineMethod>(method: M, params: EngineParams<M>): Promise<EngineResult<M>> {
    const request = engineCommands[method].params.safeParse(params);
    if (!request.success)
      refuse('invalid_argument', `${method}: ${z.prettifyError(request.error)}`);
    if (this.closed) refuse('cancelled', 'the engine is closed');
    // The table's entry for M takes what the schema of M gave; the compiler cannot follow the lookup.
    const handler = this.handlers[method] as (input: unknown) => EngineResult<M>;
    return handler(request.data);
  }

  async close(): Promise<void> {
    for (const store of this.stores.values()) release(store);
    this.stores.clear();
    this.attached.clear();
    this.closed = true;
  }

  /** Ends like kill -9: the drives are free for another engine, and not clean. */
  kill(): void {
    for (const store of this.stores.values()) {
      store.drive.openedBy = null;
      store.drive.store = { ...store.identity, clean: false };
    }
    this.stores.clear();
    this.attached.clear();
    this.closed = true;
  }

  private readonly handlers: Handlers = {
    'drive.probe': ({ path }) => {
      const drive = this.drive(path);
      const { sizeBytes, isBlockDevice, store } = drive;
      return { path, sizeBytes, isBlockDevice, store };
    },
    'drive.format': (params) => this.format(params),
    'store.open': (params) => this.open(params),
    'store.close': ({ storeId }) => {
      const store = this.openStore(storeId);
      if (this.volumesOn(storeId).length > 0) refuse('busy', `store ${storeId} has volumes in use`);
      release(store);
      this.stores.delete(storeId);
      return {};
    },
    'store.list': () => ({ items: [...this.stores.values()].map(stateOf) }),
    'store.stats': ({ storeId }) => ({ ...stateOf(this.openStore(storeId)), counters: {} }),
    'volume.attach': (params) => this.attach(params),
    'volume.detach': ({ volumeId }) => {
      this.volume(volumeId);
      this.attached.delete(volumeId);
      return {};
    },
    'volume.resize': ({ volumeId, sizeBytes }) => {
      requireBlocks(sizeBytes);
      const volume = this.volume(volumeId);
      if (sizeBytes < volume.sizeBytes) refuse('invalid_argument', 'a volume cannot shrink');
      const grown = { ...volume, sizeBytes };
      this.attached.set(volumeId, grown);
      return grown;
    },
    'volume.delete': ({ storeId, volumeId }) => {
      if (this.attached.has(volumeId)) refuse('busy', `volume ${volumeId} is attached`);
      this.openStore(storeId).drive.volumes.delete(volumeId);
      return {};
    },
    'volume.gc': ({ storeId, liveVolumeIds, nextVolumeId }) => {
      const { drive } = this.openStore(storeId);
      const live = new Set(liveVolumeIds);
      for (const { volumeId } of this.volumesOn(storeId)) {
        if (!live.has(volumeId)) refuse('busy', `volume ${volumeId} is attached`);
      }
      const garbage = [...drive.volumes.keys()].filter((id) => !live.has(id)).sort(byNumber);
      const isAhead = (id: string) => BigInt(id) >= BigInt(nextVolumeId);
      const droppedVolumeIds = garbage.filter((id) => !isAhead(id));
      for (const id of droppedVolumeIds) drive.volumes.delete(id);
      return { droppedVolumeIds, aheadVolumeIds: garbage.filter(isAhead) };
    },
    'volume.list': () => ({ items: [...this.attached.values()] }),
    'volume.stats': ({ volumeId }) => {
      const volume = this.volume(volumeId);
      const { drive } = this.openStore(volume.storeId);
      return {
        ...volume,
        allocatedBytes: drive.volumes.get(volumeId) ?? 0,
        connectionsAcceptedCount: 0,
        protocolErrorsCount: 0,
        read: noOperations(),
        write: noOperations(),
        flush: noOperations(),
        trim: noOperations(),
      };
    },
    'engine.stats': () => ({
      bufferBytesTaken: 0,
      bufferBytesCached: 0,
      stores: this.stores.size,
      volumes: this.attached.size,
    }),
  };

  private format(
    params: z.output<(typeof engineCommands)['drive.format']['params']>,
  ): StoreIdentity {
    const { path, createBytes } = params;
    if (createBytes !== undefined) {
      if (this.drives.has(path)) refuse('already_exists', `${path} exists`);
      if (createBytes < DRIVE_BYTES_MIN) refuse('invalid_argument', 'the drive is too small');
      this.addDrive(path, createBytes, false);
    }
    const drive = this.drive(path);
    if (drive.openedBy !== null) refuse('busy', `${path} is used by another process`);
    if (drive.store !== null && params.force !== true) {
      refuse('already_exists', `${path} carries a store`);
    }
    drive.volumes.clear();
    drive.store = {
      storeId: params.storeId ?? randomUUID(),
      clusterId: params.clusterId,
      nodeId: params.nodeId,
      incarnation: String(BigInt.asUintN(64, BigInt(`0x${randomUUID().replaceAll('-', '')}`))),
      driveClass: params.driveClass ?? (drive.isBlockDevice ? 'unknown' : 'file'),
      sizeBytes: drive.sizeBytes,
      clean: true,
    };
    return drive.store;
  }

  private open(params: z.output<(typeof engineCommands)['store.open']['params']>): StoreState {
    const { path } = params;
    const drive = this.drive(path);
    if (drive.openedBy === this) refuse('already_exists', `${path} is open`);
    if (drive.openedBy !== null) refuse('busy', `${path} is used by another process`);
    const identity = drive.store ?? refuse('not_found', `${path} carries no store`);
    const isOther =
      (params.storeId !== undefined && params.storeId !== identity.storeId) ||
      (params.incarnation !== undefined && params.incarnation !== identity.incarnation);
    if (isOther) refuse('wrong_identity', `${path} carries another store`);
    drive.openedBy = this;
    const store: OpenStore = { path, drive, identity: { ...identity }, failure: null };
    this.stores.set(identity.storeId, store);
    return stateOf(store);
  }

  private attach(
    params: z.output<(typeof engineCommands)['volume.attach']['params']>,
  ): VolumeState {
    const { volumeId, storeId, sizeBytes, volumeEpoch, exportName } = params;
    if ((params.listenFd === undefined) === (params.socketPath === undefined)) {
      refuse('invalid_argument', 'give either listenFd or socketPath');
    }
    requireBlocks(sizeBytes);
    if (this.attached.has(volumeId)) refuse('already_exists', `volume ${volumeId} is attached`);
    const store = this.openStore(storeId);
    if (store.failure !== null) refuse(store.failure.kind, store.failure.message);
    const readOnly = params.readOnly ?? false;
    const counts = { connectionsCount: 0, requestsInFlightCount: 0 };
    const state = { volumeId, storeId, exportName, sizeBytes, volumeEpoch, readOnly, ...counts };
    this.attached.set(volumeId, state);
    if (!store.drive.volumes.has(volumeId)) store.drive.volumes.set(volumeId, 0);
    return state;
  }

  private drive(path: string): FakeDrive {
    return this.drives.get(path) ?? refuse('not_found', `there is no ${path}`);
  }

  private openStore(storeId: string): OpenStore {
    return this.stores.get(storeId) ?? refuse('not_found', `store ${storeId} is not open`);
  }

  private volume(volumeId: string): VolumeState {
    return this.attached.get(volumeId) ?? refuse('not_found', `volume ${volumeId} is not attached`);
  }

  private volumesOn(storeId: string): VolumeState[] {
    return [...this.attached.values()].filter((volume) => volume.storeId === storeId);
  }

  private emit(event: EngineEvent): void {
    queueMicrotask(() => this.options.onEvent(event));
  }
}

function refuse(kind: EngineError['kind'], message: string): never {
  throw new EngineError(kind, message);
}

const byNumber = (a: string, b: string) => (BigInt(a) < BigInt(b) ? -1 : 1);

function requireBlocks(sizeBytes: number): void {
  if (sizeBytes % 4096 !== 0) refuse('invalid_argument', 'sizeBytes is not a multiple of 4096');
}

function release(store: OpenStore): void {
  store.drive.openedBy = null;
  store.drive.store = { ...store.identity, clean: true };
}

function stateOf(store: OpenStore): StoreState {
  const { path, drive, identity, failure } = store;
  const allocatedBytes = [...drive.volumes.values()].reduce((sum, bytes) => sum + bytes, 0);
  const totalBytes = Math.floor((drive.sizeBytes * 0.9) / MIB) * MIB;
  return {
    storeId: identity.storeId,
    path,
    identity,
    capacity: {
      totalBytes,
      allocatedBytes,
      releasingBytes: 0,
      freeBytes: Math.max(0, totalBytes - allocatedBytes),
    },
    failure,
  };
}

function noOperations(): OperationCounters {
  const latencyCounts = Array.from({ length: LATENCY_BUCKETS }, () => 0);
  return { operationsCount: 0, bytes: 0, errorsCount: 0, latencyNsSum: 0, latencyCounts };
}
