// Loads VMs as the API shows them, for lists, single reads and events.
import { Inject, Injectable } from '@nestjs/common';
import type { ListQuery, Page, Vm } from '@cairn/contracts';
import { MediaEntity, VolumeEntity } from '@cairn/persistence';
import type { VmRuntime } from '@cairn/vm-runtime';
import { ChangeFeed } from '../events/change-feed';
import { Database } from '../platform/database';
import { pageOf } from '../platform/lists';
import { VM_RUNTIME } from '../platform/tokens';
import { VmBoard } from './vm-board';
import { VmStore, type VmRecord } from './vm-store';
import { vmViewOf } from './vm-view';

@Injectable()
export class VmViews {
  constructor(
    private readonly database: Database,
    private readonly store: VmStore,
    private readonly board: VmBoard,
    private readonly feed: ChangeFeed,
    @Inject(VM_RUNTIME) private readonly runtime: VmRuntime,
  ) {
    feed.registerTopic('vms', async (id) => {
      const record = await store.find(id);
      return record === null ? null : this.viewOf(record);
    });
  }

  async list(query: ListQuery): Promise<Page<Vm>> {
    const revision = this.feed.revision;
    const records = await this.store.all();
    const bytes = await this.#diskBytes(records);
    const views = records.map((record) => this.#view(record, bytes));
    return pageOf(views, query, { revision, defaultSort: 'name' });
  }

  async get(id: string): Promise<Vm> {
    return this.viewOf(await this.store.require(id));
  }

  async viewOf(record: VmRecord): Promise<Vm> {
    return this.#view(record, await this.#diskBytes([record]));
  }

  #view(record: VmRecord, diskBytes: ReadonlyMap<string, number>): Vm {
    return vmViewOf(record, {
      status: this.runtime.status(record.vm.id),
      observation: this.board.get(record.vm.id),
      diskBytes,
    });
  }

  async #diskBytes(records: readonly VmRecord[]): Promise<Map<string, number>> {
    const disks = records.flatMap((record) => record.disks);
    return this.database.read(async (manager) => {
      const volumes = new Map((await manager.find(VolumeEntity)).map((row) => [row.id, row]));
      const hasMedia = disks.some((disk) => disk.isoId !== null);
      const media = hasMedia ? await manager.findBy(MediaEntity, { kind: 'iso' }) : [];
      const bytes = new Map<string, number>();
      for (const disk of disks) {
        const iso = media.find((row) => row.id === disk.isoId);
        const volume = volumes.get(disk.volumeId ?? iso?.volumeId ?? '');
        if (volume !== undefined) bytes.set(disk.id, iso?.virtualSizeBytes ?? volume.sizeBytes);
      }
      return bytes;
    });
  }
}
