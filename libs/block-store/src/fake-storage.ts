/**
 * FakeStorage: cairn-storage without a process, for tests of its clients. It keeps the rules of the control API; the suite in
 * testing/storage.contract.ts holds it and the client over a socket to the same behaviour.
 */
import { randomUUID } from 'node:crypto';
import {
  storageDriveAddSchema,
  storageVolumeAttachSchema,
  storageVolumeCreateSchema,
  storageVolumeResizeSchema,
  type StorageAttachment,
  type StorageDrive,
  type StorageDriveAddInput,
  type StorageDriveCandidate,
  type StorageDriveList,
  type StorageStatus,
  type StorageVolume,
  type StorageVolumeAttachInput,
  type StorageVolumeCreate,
  type StorageVolumeStats,
} from '@cairn/contracts';
import { z } from 'zod';
import { LATENCY_BUCKETS } from './engine-commands';
import { StorageError } from './errors';
import type { Storage } from './storage';

const DEFAULT_CANDIDATE: StorageDriveCandidate = {
  path: '/dev/fake0',
  medium: 'block',
  tier: 'nvme',
  model: 'Fake',
  serial: 'F0',
  rotational: false,
  sizeBytes: 2 ** 40,
  usable: true,
  inUse: false,
  reason: null,
};

export interface FakeStorageOptions {
  readonly nodeId?: string;
  readonly clusterId?: string;
  /** Where the sockets of attached volumes would be. */
  readonly runDirectory?: string;
  readonly candidates?: readonly StorageDriveCandidate[];
}

export class FakeStorage implements Storage {
  readonly nodeId: string;
  readonly clusterId: string;
  /** Set to make every call fail with it, as a daemon that is down or draining does. */
  failure: StorageError | null = null;

  private readonly driveMap = new Map<string, StorageDrive>();
  private readonly volumeMap = new Map<string, StorageVolume>();
  private readonly candidates: StorageDriveCandidate[];
  private readonly runDirectory: string;
  private volumeNext = 1n;

  constructor(options: FakeStorageOptions = {}) {
    this.nodeId = options.nodeId ?? randomUUID();
    this.clusterId = options.clusterId ?? randomUUID();
    this.runDirectory = options.runDirectory ?? '/run/cairn/fake';
    this.candidates = [...(options.candidates ?? [DEFAULT_CANDIDATE])];
  }

  async status(): Promise<StorageStatus> {
    this.check();
    const drives = [...this.driveMap.values()];
    const volumes = [...this.volumeMap.values()];
    const sum = (numbers: (number | null)[]) =>
      numbers.reduce<number>((total, number) => total + (number ?? 0), 0);
    return {
      nodeId: this.nodeId,
      clusterId: this.clusterId,
      version: '0.0.0-fake',
      state: 'serving',
      startedAt: '2026-01-01T00:00:00.000Z',
      startupMs: 1,
      etcdReachable: true,
      socketsKept: true,
      drives: {
        count: drives.length,
        failedCount: drives.filter((drive) => drive.state !== 'in').length,
        sizeBytes: sum(drives.map((drive) => drive.sizeBytes)),
        usedBytes: sum(drives.map((drive) => drive.usedBytes)),
        freeBytes: sum(drives.map((drive) => drive.freeBytes)),
      },
      volumes: {
        count: volumes.length,
        attachedCount: volumes.filter((volume) => volume.attachment !== null).length,
        offlineCount: volumes.filter((volume) => volume.state === 'offline').length,
        sizeBytes: sum(volumes.map((volume) => volume.sizeBytes)),
      },
    };
  }

  async drives(): Promise<StorageDriveList> {
    this.check();
    return {
      items: [...this.driveMap.values()],
      candidates: [...this.candidates],
      fileDirectory: '/var/lib/cairn/storage',
      fileDirectoryFreeBytes: 2 ** 40,
    };
  }

  async addDrive(input: StorageDriveAddInput): Promise<StorageDrive> {
    this.check();
    const add = parse(storageDriveAddSchema, input);
    if ([...this.driveMap.values()].some((drive) => drive.path === add.path)) {
      refuse('already_exists', `${add.path} is in the pool`, { path: add.path });
    }
    const known = this.candidates.find((candidate) => candidate.path === add.path);
    if (known === undefined && add.createBytes === undefined) {
      refuse('not_found', `there is no ${add.path}`, { path: add.path });
    }
    const sizeBytes = add.createBytes ?? known?.sizeBytes ?? 0;
    const drive: StorageDrive = {
      id: randomUUID(),
      incarnation: randomUUID().replaceAll('-', '').slice(0, 16),
      path: add.path,
      medium: known?.medium ?? 'file',
      tier: known?.tier ?? 'unknown',
      model: known?.model ?? null,
      serial: known?.serial ?? null,
      rotational: known?.rotational ?? null,
      sizeBytes,
      state: 'in',
      error: null,
      usedBytes: 0,
      freeBytes: sizeBytes,
      volumes: 0,
    };
    this.driveMap.set(drive.id, drive);
    return drive;
  }

  async removeDrive(driveId: string): Promise<void> {
    this.check();
    if (!this.driveMap.has(driveId)) refuse('not_found', `no drive ${driveId}`, { driveId });
    if ([...this.volumeMap.values()].some((volume) => volume.driveId === driveId)) {
      refuse('busy', 'volumes live on the drive', { driveId });
    }
    this.driveMap.delete(driveId);
  }

  async volumes(): Promise<readonly StorageVolume[]> {
    this.check();
    return [...this.volumeMap.values()];
  }

  async createVolume(input: StorageVolumeCreate): Promise<StorageVolume> {
    this.check();
    const create = parse(storageVolumeCreateSchema, input);
    const externalId = create.externalId ?? null;
    const existing = [...this.volumeMap.values()].find(
      (volume) => externalId !== null && volume.externalId === externalId,
    );
    if (existing !== undefined) {
      if (existing.sizeBytes === create.sizeBytes) return existing;
      refuse('already_exists', 'a volume with this externalId has another size', { externalId });
    }
    const drive =
      create.driveId === undefined
        ? [...this.driveMap.values()][0]
        : this.driveMap.get(create.driveId);
    if (drive === undefined) {
      refuse(create.driveId === undefined ? 'no_space' : 'not_found', 'no drive for the volume');
    }
    const volume: StorageVolume = {
      id: String(this.volumeNext++),
      name: create.name,
      externalId,
      sizeBytes: create.sizeBytes,
      driveId: drive.id,
      usedBytes: 0,
      state: 'detached',
      error: null,
      volumeEpoch: 0,
      attachment: null,
    };
    this.volumeMap.set(volume.id, volume);
    this.driveMap.set(drive.id, { ...drive, volumes: drive.volumes + 1 });
    return volume;
  }

  async volume(volumeId: string): Promise<StorageVolume> {
    this.check();
    return this.find(volumeId);
  }

  async deleteVolume(volumeId: string): Promise<void> {
    this.check();
    const volume = this.volumeMap.get(volumeId);
    if (volume === undefined) return;
    if (volume.attachment !== null) refuse('busy', 'the volume is attached', { volumeId });
    this.volumeMap.delete(volumeId);
    const drive = volume.driveId === null ? undefined : this.driveMap.get(volume.driveId);
    if (drive !== undefined) this.driveMap.set(drive.id, { ...drive, volumes: drive.volumes - 1 });
  }

  async attachVolume(
    volumeId: string,
    input: StorageVolumeAttachInput,
  ): Promise<StorageAttachment> {
    this.check();
    const attach = parse(storageVolumeAttachSchema, input);
    const volume = this.find(volumeId);
    const attached: StorageVolume =
      volume.attachment === null
        ? {
            ...volume,
            state: 'attached',
            volumeEpoch: volume.volumeEpoch + 1,
            attachment: {
              socketPath: `${this.runDirectory}/vol-${volumeId}.sock`,
              exportName: `vol-${volumeId}`,
              readOnly: attach.readOnly,
              socketUid: attach.socketUid ?? null,
              socketGid: attach.socketGid ?? null,
            },
          }
        : volume;
    if (attached.attachment?.readOnly !== attach.readOnly) {
      refuse('busy', 'the volume is attached the other way', { volumeId });
    }
    this.volumeMap.set(volumeId, attached);
    const { socketPath, exportName } = attached.attachment;
    return { socketPath, exportName, volumeEpoch: attached.volumeEpoch };
  }

  async detachVolume(volumeId: string): Promise<void> {
    this.check();
    const volume = this.find(volumeId);
    this.volumeMap.set(volumeId, { ...volume, state: 'detached', attachment: null });
  }

  async resizeVolume(volumeId: string, sizeBytes: number): Promise<StorageVolume> {
    this.check();
    const resize = parse(storageVolumeResizeSchema, { sizeBytes });
    const volume = this.find(volumeId);
    if (resize.sizeBytes < volume.sizeBytes) {
      refuse('invalid_argument', 'a volume cannot shrink', { volumeId });
    }
    const grown = { ...volume, sizeBytes: resize.sizeBytes };
    this.volumeMap.set(volumeId, grown);
    return grown;
  }

  async volumeStats(volumeId: string): Promise<StorageVolumeStats> {
    this.check();
    const volume = this.find(volumeId);
    if (volume.attachment === null) refuse('not_found', 'the volume is not attached', { volumeId });
    const latencyCounts = Array.from({ length: LATENCY_BUCKETS }, () => 0);
    const operation = { operations: 0, bytes: 0, errors: 0, seconds: 0, latencyCounts };
    return {
      id: volumeId,
      usedBytes: volume.usedBytes,
      connections: 0,
      requestsInFlight: 0,
      read: operation,
      write: operation,
      flush: operation,
      trim: operation,
    };
  }

  async metricsText(): Promise<string> {
    this.check();
    return '# no metrics\n';
  }

  private check(): void {
    if (this.failure !== null) throw this.failure;
  }

  private find(volumeId: string): StorageVolume {
    return (
      this.volumeMap.get(volumeId) ?? refuse('not_found', `no volume ${volumeId}`, { volumeId })
    );
  }
}

function refuse(
  kind: StorageError['kind'],
  message: string,
  context: StorageError['context'] = {},
): never {
  throw new StorageError(kind, message, context);
}

function parse<S extends z.ZodType>(schema: S, input: unknown): z.output<S> {
  const parsed = schema.safeParse(input);
  if (!parsed.success) refuse('invalid_argument', z.prettifyError(parsed.error));
  return parsed.data;
}
