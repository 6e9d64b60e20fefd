/**
 * Facts: this node's view of the storage records in etcd, and the only place that changes them.
 *
 * The view is read once and then follows this daemon's own changes, for nobody else writes the records of this node's stores
 * and volumes. Every change is a compare-and-swap on the revision that the view knows; if etcd knows better, the record is
 * read again and the change is decided anew. A record whose value is damaged is kept in the view as damaged: it is alive, so
 * its bytes are not collected, but nothing is done with it.
 */
import { StorageError } from '@cairn/block-store';
import {
  ClusterError,
  formatRecord,
  nextVolumeRecordSchema,
  parseRecord,
  recordKeys,
  recordPrefixes,
  storeRecordSchema,
  volumeIdOfKey,
  volumeRecordSchema,
  type KeyValue,
  type KeyValueStore,
  type StoreRecord,
  type VolumeRecord,
} from '@cairn/cluster';

/** A record with the revision that guards its next change. */
interface Known<T> {
  readonly record: T;
  readonly modRevision: number;
}

export interface DamagedRecord {
  readonly key: string;
  readonly message: string;
}

const CONFLICTS_MAX = 8;

export class Facts {
  private readonly stores = new Map<string, Known<StoreRecord>>();
  private readonly volumes = new Map<string, Known<VolumeRecord>>();
  private readonly damagedVolumes = new Map<string, { message: string; modRevision: number }>();
  private damagedStores: DamagedRecord[] = [];

  constructor(
    private readonly cluster: KeyValueStore,
    private readonly nodeId: string,
  ) {}

  /** Reads everything. Throws StorageError `unavailable` while etcd does not answer. */
  async load(): Promise<void> {
    const [stores, volumes] = await translated(
      Promise.all([
        this.cluster.list(recordPrefixes.store),
        this.cluster.list(recordPrefixes.volume),
      ]),
    );
    this.stores.clear();
    this.volumes.clear();
    this.damagedVolumes.clear();
    this.damagedStores = [];
    for (const item of stores.items) this.takeStore(item);
    for (const item of volumes.items) this.takeVolume(item);
  }

  damaged(): readonly DamagedRecord[] {
    const volumes = [...this.damagedVolumes].map(([id, { message }]) => ({
      key: recordKeys.volume(id),
      message,
    }));
    return [...this.damagedStores, ...volumes];
  }

  /** The stores of this node. */
  ownStores(): ReadonlyMap<string, StoreRecord> {
    const own = [...this.stores].filter(([, { record }]) => record.nodeId === this.nodeId);
    return new Map(own.map(([id, { record }]) => [id, record]));
  }

  store(storeId: string): StoreRecord | null {
    return this.stores.get(storeId)?.record ?? null;
  }

  /** The volumes that live on this node's stores. */
  ownVolumes(): ReadonlyMap<string, VolumeRecord> {
    const own = [...this.volumes].filter(
      ([, { record }]) => this.stores.get(record.storeId)?.record.nodeId === this.nodeId,
    );
    return new Map(own.map(([id, { record }]) => [id, record]));
  }

  /** Volumes whose records cannot be read, with the reason. */
  unreadableVolumes(): ReadonlyMap<string, string> {
    return new Map([...this.damagedVolumes].map(([id, { message }]) => [id, message]));
  }

  volume(volumeId: string): VolumeRecord | null {
    return this.volumes.get(volumeId)?.record ?? null;
  }

  volumesOnStore(storeId: string): readonly string[] {
    return [...this.volumes]
      .filter(([, { record }]) => record.storeId === storeId)
      .map(([id]) => id);
  }

  async createStore(storeId: string, record: StoreRecord): Promise<void> {
    const key = recordKeys.store(storeId);
    const { committed, revision } = await translated(
      this.cluster.transact({
        compare: [{ key, modRevision: 0 }],
        then: [{ kind: 'put', key, value: formatRecord(record) }],
      }),
    );
    if (!committed) throw new StorageError('already_exists', `store ${storeId} has a record`);
    this.stores.set(storeId, { record, modRevision: revision });
  }

  /** Throws not_found if the record is gone. */
  async updateStore(
    storeId: string,
    change: (record: StoreRecord) => StoreRecord,
  ): Promise<StoreRecord> {
    const parse = (item: KeyValue) => parseRecord(storeRecordSchema, item);
    return this.update(recordKeys.store(storeId), parse, this.stores, storeId, change);
  }

  /** Removes the record; it may be gone already. */
  async deleteStore(storeId: string): Promise<void> {
    await this.remove(recordKeys.store(storeId), this.stores.get(storeId)?.modRevision ?? 0);
    this.stores.delete(storeId);
  }

  /** Gives the volume a number that no volume ever had, and its record, in one step. */
  async createVolume(record: VolumeRecord): Promise<string> {
    for (let attempt = 0; attempt < CONFLICTS_MAX; attempt += 1) {
      const counter = await translated(this.cluster.get(recordKeys.nextVolumeId));
      const id = counter === null ? '1' : parsedCounter(counter);
      const next = formatCounter(BigInt(id) + 1n);
      const key = recordKeys.volume(id);
      const { committed, revision } = await translated(
        this.cluster.transact({
          compare: [
            { key: recordKeys.nextVolumeId, modRevision: counter?.modRevision ?? 0 },
            { key, modRevision: 0 },
          ],
          then: [
            { kind: 'put', key: recordKeys.nextVolumeId, value: next },
            { kind: 'put', key, value: formatRecord(record) },
          ],
        }),
      );
      if (!committed) continue;
      this.volumes.set(id, { record, modRevision: revision });
      return id;
    }
    throw new StorageError('busy', 'volume numbers are contended; try again');
  }

  /** Throws not_found if the record is gone. `change` may throw to refuse. */
  async updateVolume(
    volumeId: string,
    change: (record: VolumeRecord) => VolumeRecord,
  ): Promise<VolumeRecord> {
    const parse = (item: KeyValue) => parseRecord(volumeRecordSchema, item);
    return this.update(recordKeys.volume(volumeId), parse, this.volumes, volumeId, change);
  }

  /** Removes the record, also a damaged one; from then on the volume is dead. It may be gone already. */
  async deleteVolume(volumeId: string): Promise<void> {
    const known = this.volumes.get(volumeId) ?? this.damagedVolumes.get(volumeId);
    await this.remove(recordKeys.volume(volumeId), known?.modRevision ?? 0);
    this.volumes.delete(volumeId);
    this.damagedVolumes.delete(volumeId);
  }

  /**
   * Which volumes are alive, damaged ones included, and the lowest number not given at that moment: a volume that is not
   * listed and has a lower number is dead for ever.
   */
  async living(): Promise<{ readonly ids: readonly string[]; readonly nextVolumeId: string }> {
    // The counter first: a volume that is made in between has a number above it.
    const counter = await translated(this.cluster.get(recordKeys.nextVolumeId));
    const { items } = await translated(this.cluster.list(recordPrefixes.volume));
    return {
      ids: items.map((item) => volumeIdOfKey(item.key)),
      nextVolumeId: counter === null ? '1' : parsedCounter(counter),
    };
  }

  private takeStore(item: KeyValue): void {
    const id = item.key.slice(recordPrefixes.store.length);
    try {
      const record = parseRecord(storeRecordSchema, item);
      this.stores.set(id, { record, modRevision: item.modRevision });
    } catch (error) {
      this.damagedStores.push({ key: item.key, message: messageOf(error) });
    }
  }

  private takeVolume(item: KeyValue): void {
    try {
      const id = volumeIdOfKey(item.key);
      try {
        const record = parseRecord(volumeRecordSchema, item);
        this.volumes.set(id, { record, modRevision: item.modRevision });
      } catch (error) {
        const damaged = { message: messageOf(error), modRevision: item.modRevision };
        this.damagedVolumes.set(id, damaged);
      }
    } catch (error) {
      this.damagedStores.push({ key: item.key, message: messageOf(error) });
    }
  }

  private async update<T extends { readonly schema: 1 }>(
    key: string,
    parse: (item: KeyValue) => T,
    view: Map<string, Known<T>>,
    id: string,
    change: (record: T) => T,
  ): Promise<T> {
    for (let attempt = 0; attempt < CONFLICTS_MAX; attempt += 1) {
      const known = view.get(id);
      if (known === undefined) throw new StorageError('not_found', `${key} does not exist`);
      const record = change(known.record);
      const { committed, revision } = await translated(
        this.cluster.transact({
          compare: [{ key, modRevision: known.modRevision }],
          then: [{ kind: 'put', key, value: formatRecord(record) }],
        }),
      );
      if (committed) {
        view.set(id, { record, modRevision: revision });
        return record;
      }
      const item = await translated(this.cluster.get(key));
      if (item === null) view.delete(id);
      else view.set(id, { record: parse(item), modRevision: item.modRevision });
    }
    throw new StorageError('busy', `${key} is changed by others all the time; try again`);
  }

  private async remove(key: string, modRevision: number): Promise<void> {
    let expected = modRevision;
    for (let attempt = 0; attempt < CONFLICTS_MAX; attempt += 1) {
      const { committed } = await translated(
        this.cluster.transact({
          compare: [{ key, modRevision: expected }],
          then: [{ kind: 'delete', key }],
        }),
      );
      if (committed) return;
      const item = await translated(this.cluster.get(key));
      if (item === null) return;
      expected = item.modRevision;
    }
    throw new StorageError('busy', `${key} is changed by others all the time; try again`);
  }
}

function parsedCounter(item: KeyValue): string {
  try {
    return parseRecord(nextVolumeRecordSchema, item).id;
  } catch (cause) {
    throw new StorageError('corrupt', messageOf(cause), { key: item.key }, { cause });
  }
}

function formatCounter(id: bigint): string {
  const record = { schema: 1, id: id.toString() } as const;
  return formatRecord(record);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Gives the cluster driver's errors the daemon's kinds. */
async function translated<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    const kinds = {
      unavailable: 'unavailable',
      corrupt: 'corrupt',
      refused: 'internal',
      cancelled: 'cancelled',
    } as const;
    throw new StorageError(kinds[error.kind], error.message, {}, { cause: error });
  }
}
