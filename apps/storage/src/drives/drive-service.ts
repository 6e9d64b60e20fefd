/**
 * The drives of this node: opening, adding, removing, and what state each is in.
 *
 * A drive is added in steps that a crash may come between: (1) its record with state `out`, (2) the format, (3) the record
 * becomes `in`, (4) the store is opened. It is removed in the opposite order. A record that is `out` is therefore a change
 * that did not finish; `settle` takes it back at the next start, and a repeated request completes it.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, realpath, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { StorageDrive, StorageDriveAdd, StorageDriveCandidate } from '@cairn/contracts';
import {
  EngineError,
  StorageError,
  type DriveClass,
  type Engine,
  type StorageErrorKind,
  type StoreState,
} from '@cairn/block-store';
import type { StoreRecord } from '@cairn/cluster';
import type { Logger } from '@cairn/telemetry';
import type { Facts } from '../facts';
import { KeyedLock } from '../keyed-lock';
import { assertUsable, type DriveCandidates } from './drive-candidates';

export interface DriveFault {
  readonly kind: StorageErrorKind;
  readonly message: string;
}

export interface DriveServiceOptions {
  readonly engine: Engine;
  readonly facts: Facts;
  readonly candidates: DriveCandidates;
  readonly nodeId: string;
  readonly clusterId: string;
  readonly log: Logger;
}

const FORMAT_TIMEOUT_MS = 30 * 60_000;

export class DriveService {
  private readonly engine: Engine;
  private readonly facts: Facts;
  private readonly log: Logger;
  /** Why a drive does not serve; a drive without an entry does. */
  private readonly faults = new Map<
    string,
    DriveFault & { readonly state: 'failed' | 'missing' }
  >();
  /** One lock for additions, so that two of them cannot take one device; one per drive beyond that. */
  private readonly locks = new KeyedLock();

  constructor(private readonly options: DriveServiceOptions) {
    this.engine = options.engine;
    this.facts = options.facts;
    this.log = options.log;
  }

  /** Opens every drive of the node. A drive that cannot be opened is missing; the others serve. */
  async openAll(): Promise<void> {
    const own = [...this.facts.ownStores()].filter(([, record]) => record.state === 'in');
    await Promise.all(own.map(([id, record]) => this.open(id, record)));
  }

  /** Tries the missing drives again; gives those that serve now. */
  async openMissing(): Promise<readonly string[]> {
    const opened: string[] = [];
    for (const [id, fault] of [...this.faults]) {
      const record = this.facts.store(id);
      if (fault.state !== 'missing' || record?.state !== 'in') continue;
      await this.locks.run(id, () => this.open(id, record));
      if (this.serves(id)) opened.push(id);
    }
    return opened;
  }

  hasMissing(): boolean {
    return [...this.faults.values()].some((fault) => fault.state === 'missing');
  }

  serves(storeId: string): boolean {
    return this.facts.store(storeId)?.state === 'in' && !this.faults.has(storeId);
  }

  /** Why the drive does not serve; null if it does. */
  faultOf(storeId: string): DriveFault | null {
    if (this.facts.store(storeId) === null) {
      return { kind: 'not_found', message: `drive ${storeId} is not known` };
    }
    return this.faults.get(storeId) ?? null;
  }

  /** The engine says that a store stopped serving. */
  onStoreFailed(storeId: string, error: DriveFault): void {
    this.faults.set(storeId, { ...error, state: 'failed' });
    this.log.error(
      { driveId: storeId, reason: error.message },
      'a drive failed and serves nothing',
    );
  }

  /** Takes unfinished additions and removals of drive files back. */
  async settle(): Promise<void> {
    for (const [id, record] of this.facts.ownStores()) {
      if (record.state !== 'out' || !record.fileIsOurs) continue;
      await rm(record.path, { force: true });
      await this.facts.deleteStore(id);
      this.log.warn({ driveId: id, path: record.path }, 'took an unfinished drive file back');
    }
  }

  async list(): Promise<readonly StorageDrive[]> {
    const states = await this.states();
    return [...this.facts.ownStores()]
      .filter(([, record]) => record.state === 'in')
      .map(([id, record]) => this.describe(id, record, states.get(id)));
  }

  /** Paths that are drives. */
  paths(): ReadonlySet<string> {
    const own = [...this.facts.ownStores().values()];
    return new Set(own.filter((record) => record.state === 'in').map((record) => record.path));
  }

  /** Runs `work` while the drive cannot be removed. */
  withDrive<T>(storeId: string, work: () => Promise<T>): Promise<T> {
    return this.locks.run(storeId, work);
  }

  /** The serving drive with the most free space. Throws no_space if no drive serves. */
  async emptiest(): Promise<string> {
    const states = [...(await this.states()).values()].filter(({ storeId }) =>
      this.serves(storeId),
    );
    states.sort((a, b) => b.capacity.freeBytes - a.capacity.freeBytes);
    const first = states[0];
    if (first === undefined)
      throw new StorageError('no_space', 'the node has no drive that serves');
    return first.storeId;
  }

  add(request: StorageDriveAdd): Promise<StorageDrive> {
    return this.locks.run('add', () => this.addUnderLock(request));
  }

  private async addUnderLock(request: StorageDriveAdd): Promise<StorageDrive> {
    const known = [...this.facts.ownStores()].find(([, record]) => record.path === request.path);
    if (known?.[1].state === 'in') return this.repeated(known[0], known[1], request);
    const unfinished = known?.[0] ?? null;
    const candidate =
      request.createBytes === undefined
        ? await this.existing(request, unfinished)
        : await this.planned(request.path, request.createBytes);
    const storeId = unfinished ?? randomUUID();
    const record: StoreRecord = {
      schema: 1,
      incarnation: '0',
      nodeId: this.options.nodeId,
      path: request.path,
      driveClass: classOf(candidate),
      sizeBytes: candidate.sizeBytes,
      model: candidate.model,
      serial: candidate.serial,
      fileIsOurs: request.createBytes !== undefined,
      state: 'out',
    };
    if (unfinished === null) await this.facts.createStore(storeId, record);
    else await this.facts.updateStore(storeId, () => record);
    try {
      return await this.formatAndOpen(storeId, record, request, unfinished !== null);
    } catch (error) {
      await this.revertAdd(storeId, record);
      throw error;
    }
  }

  private async formatAndOpen(
    storeId: string,
    record: StoreRecord,
    request: StorageDriveAdd,
    isRepeated: boolean,
  ): Promise<StorageDrive> {
    const identity = await this.engine.call(
      'drive.format',
      {
        path: request.path,
        clusterId: this.options.clusterId,
        nodeId: this.options.nodeId,
        storeId,
        driveClass: record.driveClass,
        ...(record.serial === null ? {} : { serial: record.serial }),
        ...(request.createBytes === undefined ? {} : { createBytes: request.createBytes }),
        force: request.force || isRepeated,
      },
      { timeoutMs: FORMAT_TIMEOUT_MS },
    );
    const { incarnation, sizeBytes } = identity;
    const added = await this.facts.updateStore(storeId, (unfinished) => ({
      ...unfinished,
      incarnation,
      sizeBytes,
      state: 'in',
    }));
    await this.open(storeId, added);
    this.log.info({ driveId: storeId, path: request.path, sizeBytes }, 'added a drive');
    return this.describe(storeId, added, (await this.states()).get(storeId));
  }

  /** The addition failed. What it made goes; the first error is the one that is told. */
  private async revertAdd(storeId: string, record: StoreRecord): Promise<void> {
    try {
      if (this.facts.store(storeId)?.state === 'in') return; // Only the last look at it failed.
      // Agreed first: an answer may have been lost, and then the drive is `in` without our knowing.
      await this.facts.updateStore(storeId, (before) => ({ ...before, state: 'out' }));
      if (record.fileIsOurs) await rm(record.path, { force: true });
      await this.facts.deleteStore(storeId);
    } catch (err) {
      this.log.warn(
        { err, driveId: storeId },
        'an unfinished drive is taken back at the next start',
      );
    }
  }

  /** The drive is there already: the same request repeated, or another one? */
  private async repeated(
    storeId: string,
    record: StoreRecord,
    request: StorageDriveAdd,
  ): Promise<StorageDrive> {
    const isSame =
      !request.force &&
      record.fileIsOurs === (request.createBytes !== undefined) &&
      (request.createBytes === undefined || request.createBytes === record.sizeBytes);
    if (!isSame) {
      const message = `${request.path} is a drive of this node already`;
      throw new StorageError('already_exists', message, { driveId: storeId });
    }
    return this.describe(storeId, record, (await this.states()).get(storeId));
  }

  private async existing(
    request: StorageDriveAdd,
    unfinished: string | null,
  ): Promise<StorageDriveCandidate> {
    const candidate = await this.options.candidates.at(request.path);
    if (candidate === null) {
      const exists = (await stat(request.path).catch(() => null)) !== null;
      const message = exists
        ? `${request.path} is neither a block device for drives nor a plain file`
        : `${request.path} does not exist`;
      const kind = exists ? 'invalid_argument' : 'not_found';
      throw new StorageError(kind, message, { path: request.path });
    }
    if (candidate.medium === 'file') await this.assertInFileDirectory(request.path);
    assertUsable(candidate, request.force || unfinished !== null);
    return candidate;
  }

  private async planned(path: string, createBytes: number): Promise<StorageDriveCandidate> {
    await mkdir(this.options.candidates.fileDirectory, { recursive: true, mode: 0o700 });
    await this.assertInFileDirectory(path);
    if ((await this.options.candidates.at(path)) !== null) {
      throw new StorageError('already_exists', `${path} exists`, { path });
    }
    const freeBytes = await this.options.candidates.fileDirectoryFreeBytes();
    if (createBytes > freeBytes) {
      const message = `the file system of ${path} has ${freeBytes} bytes left`;
      throw new StorageError('no_space', message, { path, createBytes, freeBytes });
    }
    return {
      path,
      medium: 'file',
      tier: 'unknown',
      model: null,
      serial: null,
      rotational: null,
      sizeBytes: createBytes,
      usable: true,
      inUse: false,
      reason: null,
    };
  }

  /** Drive files live in one directory: the API is no way to write elsewhere. */
  private async assertInFileDirectory(path: string): Promise<void> {
    const { fileDirectory } = this.options.candidates;
    const parent = await realpath(dirname(path)).catch(() => null);
    const home = await realpath(fileDirectory).catch(() => fileDirectory);
    if (parent !== home) {
      const message = `drive files are kept in ${fileDirectory}`;
      throw new StorageError('invalid_argument', message, { path });
    }
  }

  /** Removes an empty drive. */
  async remove(storeId: string): Promise<void> {
    await this.locks.run(storeId, async () => {
      const record = this.facts.ownStores().get(storeId);
      if (record === undefined) {
        throw new StorageError('not_found', `there is no drive ${storeId}`, { driveId: storeId });
      }
      const volumes = this.facts.volumesOnStore(storeId);
      if (volumes.length > 0) {
        const message = `${volumes.length} volumes live on drive ${storeId}`;
        throw new StorageError('busy', message, { driveId: storeId, volumes: volumes.length });
      }
      await this.facts.updateStore(storeId, (before) => ({ ...before, state: 'out' }));
      await this.close(storeId);
      if (record.fileIsOurs) await rm(record.path, { force: true });
      await this.facts.deleteStore(storeId);
      this.faults.delete(storeId);
      this.log.info({ driveId: storeId, path: record.path }, 'removed a drive');
    });
  }

  private async close(storeId: string): Promise<void> {
    try {
      await this.engine.call('store.close', { storeId });
    } catch (error) {
      if (!(error instanceof EngineError) || error.kind !== 'not_found') throw error;
    }
  }

  private async open(storeId: string, record: StoreRecord): Promise<void> {
    const { path, incarnation } = record;
    try {
      await this.engine.call('store.open', { path, storeId, incarnation });
      this.faults.delete(storeId);
    } catch (error) {
      const kind = error instanceof EngineError ? error.kind : 'internal';
      const message = error instanceof Error ? error.message : String(error);
      const known = this.faults.get(storeId);
      this.faults.set(storeId, { kind, message, state: 'missing' });
      if (known?.message === message) return; // Said before.
      this.log.error({ driveId: storeId, path, kind, reason: message }, 'a drive cannot be opened');
    }
  }

  private async states(): Promise<ReadonlyMap<string, StoreState>> {
    const { items } = await this.engine.call('store.list', {});
    return new Map(items.map((item) => [item.storeId, item]));
  }

  private describe(
    storeId: string,
    record: StoreRecord,
    state: StoreState | undefined,
  ): StorageDrive {
    const fault = this.faults.get(storeId);
    const isFile = record.driveClass === 'file';
    return {
      id: storeId,
      incarnation: record.incarnation,
      path: record.path,
      medium: isFile ? 'file' : 'block',
      tier: record.driveClass === 'file' ? 'unknown' : record.driveClass,
      model: record.model,
      serial: record.serial,
      rotational: isFile ? null : record.driveClass === 'hdd',
      sizeBytes: record.sizeBytes,
      state: fault?.state ?? 'in',
      error: fault === undefined ? null : { kind: fault.kind, message: fault.message },
      usedBytes: state?.capacity.allocatedBytes ?? null,
      freeBytes: state?.capacity.freeBytes ?? null,
      volumes: this.facts.volumesOnStore(storeId).length,
    };
  }
}

function classOf(candidate: StorageDriveCandidate): DriveClass {
  return candidate.medium === 'file' ? 'file' : candidate.tier;
}
