/**
 * The volumes of this node: creating, attaching, and what state each is in.
 *
 * What a volume should be stands in its record; the engine is made to agree. The record changes first when something is
 * promised (a new volume, an attachment, a size), and last when something is given up (a detachment), so that a crash in
 * between leaves either nothing or something that the next start, or a repeated request, completes:
 *
 * - attach: the record names this node and a raised epoch, then the socket is made and the engine serves it. A start attaches
 *   every volume whose record names this node.
 * - detach: the engine lets go, then the record does, then the socket goes. A start drops sockets without an attachment.
 * - delete: the record goes, which is the death of the volume; its bytes go now or at the next collection.
 */
import { chmod, mkdir } from 'node:fs/promises';
import type {
  StorageAttachment,
  StorageVolume,
  StorageVolumeAttach,
  StorageVolumeCreate,
} from '@cairn/contracts';
import { EngineError, StorageError, type Engine, type VolumeStats } from '@cairn/block-store';
import type { VolumeRecord } from '@cairn/cluster';
import type { Logger } from '@cairn/telemetry';
import type { DriveFault, DriveService } from '../drives/drive-service';
import type { Facts } from '../facts';
import type { KeptSockets, SocketOwner } from '../kept-sockets';
import { KeyedLock } from '../keyed-lock';

export interface VolumeServiceOptions {
  readonly engine: Engine;
  readonly facts: Facts;
  readonly drives: DriveService;
  readonly sockets: KeptSockets;
  readonly nodeId: string;
  /** Random, new in each life of the daemon. */
  readonly life: string;
  readonly log: Logger;
}

/** The epoch is part of every write's version, which has 24 bits for it. */
const EPOCH_MAX = 2 ** 24 - 1;
const ATTACHING_AT_ONCE_MAX = 32;

export class VolumeService {
  private readonly engine: Engine;
  private readonly facts: Facts;
  private readonly drives: DriveService;
  private readonly sockets: KeptSockets;
  private readonly log: Logger;
  private readonly locks = new KeyedLock();
  /** What the engine serves. */
  private readonly attached = new Set<string>();
  /** Why a volume that should be attached is not. */
  private readonly faults = new Map<string, DriveFault>();

  constructor(private readonly options: VolumeServiceOptions) {
    this.engine = options.engine;
    this.facts = options.facts;
    this.drives = options.drives;
    this.sockets = options.sockets;
    this.log = options.log;
  }

  /** Attaches again what was attached when the last life ended. A volume that cannot be attached is offline. */
  async attachOwned(): Promise<void> {
    await mkdir(this.sockets.directory, { recursive: true });
    // Others may pass, to the one socket that they own, but not look around.
    await chmod(this.sockets.directory, 0o711);
    const owned = [...this.facts.ownVolumes()]
      .filter(([id, record]) => this.isOurs(record) && !this.attached.has(id))
      .map(([id]) => id);
    const attachNext = async (): Promise<void> => {
      for (let id = owned.pop(); id !== undefined; id = owned.pop()) await this.attachAgain(id);
    };
    await Promise.all(Array.from({ length: ATTACHING_AT_ONCE_MAX }, attachNext));
  }

  /** Gives up the kept sockets of volumes that are not attached any more. */
  async dropStraySockets(): Promise<void> {
    const owned = [...this.facts.ownVolumes()].filter(([, record]) => this.isOurs(record));
    const unreadable = this.facts.unreadableVolumes().keys();
    await this.sockets.dropAllBut(new Set([...owned.map(([id]) => id), ...unreadable]));
  }

  /** Frees what dead volumes left on the drives. */
  async collect(): Promise<void> {
    for (const [storeId] of this.facts.ownStores()) {
      if (!this.drives.serves(storeId)) continue;
      // Read anew for each store: a number at or above `nextVolumeId` was given later and is alive.
      const { ids, nextVolumeId } = await this.facts.living();
      const { droppedVolumeIds, aheadVolumeIds } = await this.engine.call('volume.gc', {
        storeId,
        liveVolumeIds: [...ids],
        nextVolumeId,
      });
      if (droppedVolumeIds.length > 0) {
        this.log.info({ driveId: storeId, droppedVolumeIds }, 'collected dead volumes');
      }
      if (aheadVolumeIds.length > 0) {
        this.log.error(
          { driveId: storeId, aheadVolumeIds, nextVolumeId },
          'a drive holds volumes that etcd never named: was etcd restored from an older backup?',
        );
      }
    }
  }

  list(): Promise<readonly StorageVolume[]> {
    return this.described([
      ...this.facts.ownVolumes().keys(),
      ...this.facts.unreadableVolumes().keys(),
    ]);
  }

  async get(volumeId: string): Promise<StorageVolume> {
    const [volume] = await this.described([volumeId]);
    if (volume === undefined) throw noVolume(volumeId);
    return volume;
  }

  create(request: StorageVolumeCreate): Promise<StorageVolume> {
    const { externalId } = request;
    const key = externalId === undefined ? 'create' : `create:${externalId}`;
    return this.locks.run(key, async () => {
      const same = externalId === undefined ? null : this.withExternalId(externalId);
      if (same !== null) return this.repeatedCreate(same, request);
      const storeId = request.driveId ?? (await this.drives.emptiest());
      return this.drives.withDrive(storeId, async () => {
        const fault = this.drives.faultOf(storeId);
        if (fault !== null) throw new StorageError(fault.kind, fault.message, { driveId: storeId });
        const volumeId = await this.facts.createVolume(newRecord(request, storeId));
        this.log.info({ volumeId, driveId: storeId, name: request.name }, 'created a volume');
        return this.get(volumeId);
      });
    });
  }

  /** Also succeeds if there is no such volume. */
  delete(volumeId: string): Promise<void> {
    return this.locks.run(volumeId, async () => {
      const record = this.facts.volume(volumeId);
      if (record === null && !this.facts.unreadableVolumes().has(volumeId)) return;
      if (record !== null && record.ownerNodeId !== null) {
        throw new StorageError('busy', `volume ${volumeId} is attached`, { volumeId });
      }
      await this.facts.deleteVolume(volumeId);
      await this.sockets.drop(volumeId);
      this.faults.delete(volumeId);
      this.log.info({ volumeId }, 'deleted a volume');
      if (record !== null) await this.dropBytes(volumeId, record.storeId);
    });
  }

  attach(volumeId: string, request: StorageVolumeAttach): Promise<StorageAttachment> {
    return this.locks.run(volumeId, async () => {
      const owner = ownerOf(request);
      const before = this.record(volumeId);
      if (this.attached.has(volumeId)) return this.attachRepeated(volumeId, before, request);
      if (before.ownerNodeId !== null && !this.isOurs(before)) {
        const message = `volume ${volumeId} is attached on node ${before.ownerNodeId}`;
        throw new StorageError('busy', message, { volumeId, nodeId: before.ownerNodeId });
      }
      this.assertServed(volumeId, before);
      const { readOnly } = request;
      await this.promote(volumeId, (record) => ({ ...record, readOnly, socketOwner: owner }));
      try {
        await this.serve(volumeId);
      } catch (error) {
        await this.revertAttach(volumeId);
        throw error;
      }
      this.log.info({ volumeId, readOnly }, 'attached a volume');
      return this.attachment(volumeId);
    });
  }

  /** Also succeeds if the volume is not attached or does not exist. */
  detach(volumeId: string): Promise<void> {
    return this.locks.run(volumeId, async () => {
      const record = this.facts.volume(volumeId);
      if (record === null || !this.isOurs(record)) return;
      await this.engineDetach(volumeId);
      await this.facts.updateVolume(volumeId, released);
      await this.sockets.drop(volumeId);
      this.faults.delete(volumeId);
      this.log.info({ volumeId }, 'detached a volume');
    });
  }

  resize(volumeId: string, sizeBytes: number): Promise<StorageVolume> {
    return this.locks.run(volumeId, async () => {
      await this.facts.updateVolume(volumeId, (record) => {
        if (sizeBytes >= record.sizeBytes) return { ...record, sizeBytes };
        const message = `volume ${volumeId} has ${record.sizeBytes} bytes and cannot shrink`;
        throw new StorageError('invalid_argument', message, { volumeId });
      });
      // Also when the record had the size before: the last attempt may have ended in between.
      if (this.attached.has(volumeId)) {
        await this.engine.call('volume.resize', { volumeId, sizeBytes });
      }
      return this.get(volumeId);
    });
  }

  /** Throws not_found for a volume that is not attached: nothing is counted then. */
  async stats(volumeId: string): Promise<VolumeStats> {
    this.record(volumeId);
    if (!this.attached.has(volumeId)) {
      throw new StorageError('not_found', `volume ${volumeId} is not attached`, { volumeId });
    }
    return this.engine.call('volume.stats', { volumeId });
  }

  attachedIds(): readonly string[] {
    return [...this.attached];
  }

  /** The engine says that a volume's socket failed. It is offline until it is attached again. */
  onVolumeStopped(volumeId: string, error: DriveFault): Promise<void> {
    this.attached.delete(volumeId);
    this.faults.set(volumeId, error);
    this.log.error({ volumeId, reason: error.message }, 'a volume stopped being served');
    return this.locks.run(volumeId, () => this.sockets.drop(volumeId));
  }

  private isOurs(record: VolumeRecord): boolean {
    return record.ownerNodeId === this.options.nodeId;
  }

  private record(volumeId: string): VolumeRecord {
    const damage = this.facts.unreadableVolumes().get(volumeId);
    if (damage !== undefined) throw new StorageError('corrupt', damage, { volumeId });
    const record = this.facts.volume(volumeId);
    if (record === null) throw noVolume(volumeId);
    return record;
  }

  private assertServed(volumeId: string, record: VolumeRecord): void {
    const fault = this.drives.faultOf(record.storeId);
    if (fault === null) return;
    const message = `the drive of volume ${volumeId} does not serve: ${fault.message}`;
    throw new StorageError(fault.kind, message, { volumeId, driveId: record.storeId });
  }

  /** Makes this life the volume's writer, under a higher epoch. */
  private promote(
    volumeId: string,
    change: (record: VolumeRecord) => VolumeRecord,
  ): Promise<VolumeRecord> {
    return this.facts.updateVolume(volumeId, (record) => {
      if (record.volumeEpoch >= EPOCH_MAX) {
        const message = `volume ${volumeId} was attached ${EPOCH_MAX} times; copy it to a new one`;
        throw new StorageError('unsupported', message, { volumeId });
      }
      return {
        ...change(record),
        volumeEpoch: record.volumeEpoch + 1,
        ownerNodeId: this.options.nodeId,
        ownerLife: this.options.life,
        state: 'open',
      };
    });
  }

  /** Makes the engine serve the volume as its record says, on its socket. */
  private async serve(volumeId: string): Promise<void> {
    const record = this.record(volumeId);
    const listenFd = this.sockets.takeForVolume(volumeId);
    try {
      await this.admit(volumeId, record);
    } catch (error) {
      this.sockets.release(listenFd);
      await this.sockets.drop(volumeId);
      throw error;
    }
    try {
      await this.engine.call('volume.attach', {
        volumeId,
        storeId: record.storeId,
        sizeBytes: record.sizeBytes,
        volumeEpoch: record.volumeEpoch,
        exportName: exportNameOf(volumeId),
        readOnly: record.readOnly,
        listenFd,
      });
    } catch (error) {
      await this.sockets.drop(volumeId); // The engine has closed its descriptor; another try makes a new one.
      throw error;
    }
    this.attached.add(volumeId);
    this.faults.delete(volumeId);
  }

  /** A read-only volume that belongs to nobody in particular may be read by every guest. */
  private admit(volumeId: string, record: VolumeRecord): Promise<void> {
    const everybody = record.readOnly && record.socketOwner === null;
    return this.sockets.admit(volumeId, record.socketOwner, everybody);
  }

  /** At start: the fault of one volume keeps no other from being served. */
  private attachAgain(volumeId: string): Promise<void> {
    return this.locks.run(volumeId, async () => {
      try {
        this.assertServed(volumeId, this.record(volumeId));
        await this.promote(volumeId, (record) => record);
        await this.serve(volumeId);
      } catch (error) {
        const kind =
          error instanceof StorageError || error instanceof EngineError ? error.kind : 'internal';
        const message = error instanceof Error ? error.message : String(error);
        const known = this.faults.get(volumeId);
        this.faults.set(volumeId, { kind, message });
        if (known?.message === message) return; // Said before.
        this.log.error({ volumeId, kind, reason: message }, 'a volume is offline');
      }
    });
  }

  private async attachRepeated(
    volumeId: string,
    record: VolumeRecord,
    request: StorageVolumeAttach,
  ): Promise<StorageAttachment> {
    if (record.readOnly !== request.readOnly) {
      const mode = record.readOnly ? 'read-only' : 'for writing';
      throw new StorageError('busy', `volume ${volumeId} is attached ${mode}`, { volumeId });
    }
    const owner = ownerOf(request);
    if (owner?.uid !== record.socketOwner?.uid || owner?.gid !== record.socketOwner?.gid) {
      // A second reader: the socket must not be taken from the first one.
      const socketOwner = record.readOnly ? null : owner;
      await this.admit(
        volumeId,
        await this.facts.updateVolume(volumeId, (before) => ({ ...before, socketOwner })),
      );
    }
    return this.attachment(volumeId);
  }

  private attachment(volumeId: string): StorageAttachment {
    return {
      socketPath: this.sockets.pathOf(volumeId),
      exportName: exportNameOf(volumeId),
      volumeEpoch: this.record(volumeId).volumeEpoch,
    };
  }

  /** The attachment failed. The first error is the one that is told. */
  private async revertAttach(volumeId: string): Promise<void> {
    try {
      await this.engineDetach(volumeId);
      await this.sockets.drop(volumeId);
      await this.facts.updateVolume(volumeId, released);
    } catch (err) {
      this.log.warn({ err, volumeId }, 'a failed attachment is completed or undone later');
    }
  }

  private async engineDetach(volumeId: string): Promise<void> {
    try {
      await this.engine.call('volume.detach', { volumeId });
    } catch (error) {
      if (!(error instanceof EngineError) || error.kind !== 'not_found') throw error;
    }
    this.attached.delete(volumeId);
  }

  /** The volume is dead already; what this leaves is collected at the next start. */
  private async dropBytes(volumeId: string, storeId: string): Promise<void> {
    if (!this.drives.serves(storeId)) return;
    try {
      await this.engine.call('volume.delete', { storeId, volumeId });
    } catch (error) {
      if (error instanceof EngineError && error.kind === 'not_found') return;
      this.log.warn(
        { err: error, volumeId },
        'the bytes of a dead volume stay until the next start',
      );
    }
  }

  private withExternalId(externalId: string): string | null {
    for (const [id, record] of this.facts.ownVolumes()) {
      if (record.externalId === externalId) return id;
    }
    return null;
  }

  private repeatedCreate(volumeId: string, request: StorageVolumeCreate): Promise<StorageVolume> {
    if (this.record(volumeId).sizeBytes !== request.sizeBytes) {
      const message = `volume ${volumeId} has the same external id and another size`;
      throw new StorageError('already_exists', message, { volumeId });
    }
    return this.get(volumeId);
  }

  private async described(volumeIds: readonly string[]): Promise<readonly StorageVolume[]> {
    const volumes: StorageVolume[] = [];
    for (const id of volumeIds) {
      const damage = this.facts.unreadableVolumes().get(id);
      const record = this.facts.volume(id);
      if (damage !== undefined) volumes.push(describeDamaged(id, damage));
      else if (record !== null) volumes.push(await this.describe(id, record));
    }
    return volumes;
  }

  private async describe(id: string, record: VolumeRecord): Promise<StorageVolume> {
    const fault = this.drives.faultOf(record.storeId) ?? this.faults.get(id) ?? null;
    const isAttached = this.attached.has(id);
    const stats = isAttached && fault === null ? await this.engineStats(id) : null;
    return {
      id,
      name: record.name,
      externalId: record.externalId,
      sizeBytes: record.sizeBytes,
      driveId: record.storeId,
      usedBytes: stats?.allocatedBytes ?? null,
      state: fault !== null ? 'offline' : isAttached ? 'attached' : 'detached',
      error: fault,
      volumeEpoch: record.volumeEpoch,
      attachment: !this.isOurs(record)
        ? null
        : {
            socketPath: this.sockets.pathOf(id),
            exportName: exportNameOf(id),
            readOnly: record.readOnly,
            socketUid: record.socketOwner?.uid ?? null,
            socketGid: record.socketOwner?.gid ?? null,
          },
    };
  }

  private async engineStats(volumeId: string): Promise<VolumeStats | null> {
    try {
      return await this.engine.call('volume.stats', { volumeId });
    } catch (error) {
      if (error instanceof EngineError) return null; // Detached or failed at this very moment.
      throw error;
    }
  }
}

function exportNameOf(volumeId: string): string {
  return `vol-${volumeId}`;
}

function noVolume(volumeId: string): StorageError {
  return new StorageError('not_found', `there is no volume ${volumeId}`, { volumeId });
}

function ownerOf(request: StorageVolumeAttach): SocketOwner | null {
  if (request.socketUid === undefined) return null;
  return { uid: request.socketUid, gid: request.socketGid ?? process.getgid?.() ?? 0 };
}

function released(record: VolumeRecord): VolumeRecord {
  return { ...record, ownerNodeId: null, ownerLife: null, socketOwner: null, state: 'clean' };
}

function newRecord(request: StorageVolumeCreate, storeId: string): VolumeRecord {
  return {
    schema: 1,
    name: request.name,
    externalId: request.externalId ?? null,
    sizeBytes: request.sizeBytes,
    storeId,
    volumeEpoch: 0,
    ownerNodeId: null,
    ownerLife: null,
    readOnly: false,
    socketOwner: null,
    state: 'clean',
  };
}

function describeDamaged(id: string, message: string): StorageVolume {
  return {
    id,
    name: '',
    externalId: null,
    sizeBytes: 0,
    driveId: null,
    usedBytes: null,
    state: 'offline',
    error: { kind: 'corrupt', message },
    volumeEpoch: 0,
    attachment: null,
  };
}
