// Starting and ending guests with what they need around them: their volumes are attached before
// and detached after. Everything here is idempotent; callers serialise per VM.
import { Inject, Injectable } from '@nestjs/common';
import { MediaEntity, type VmDiskRow } from '@cairn/persistence';
import { hasProcess, type NbdSource, type VmRuntime } from '@cairn/vm-runtime';
import { Database } from '../platform/database';
import { ProblemError } from '../platform/problem';
import { VM_RUNTIME } from '../platform/tokens';
import { VolumeAttachments } from '../volumes/volume-attachments';
import { VmBoard } from './vm-board';
import { vmSpecOf } from './vm-hardware';
import { VmStore, type VmRecord } from './vm-store';

/** A medium may be in the drives of several VMs, whose QEMUs run as different users. */
const SHARED_MEDIUM = { readOnly: true, uid: null } as const;

@Injectable()
export class VmPower {
  constructor(
    private readonly database: Database,
    private readonly store: VmStore,
    private readonly board: VmBoard,
    private readonly attachments: VolumeAttachments,
    @Inject(VM_RUNTIME) private readonly runtime: VmRuntime,
  ) {}

  isRunning(vmId: string): boolean {
    const status = this.runtime.status(vmId);
    return status !== undefined && hasProcess(status.state);
  }

  /** Attaches the volumes and starts the guest; does nothing when it runs already. */
  async start(vmId: string, signal: AbortSignal): Promise<void> {
    if (this.isRunning(vmId)) return;
    const record = await this.store.require(vmId);
    // Somebody asked for a stop while this start was waiting for its turn.
    if (record.vm.desiredPowerState === 'stopped') return;
    const credentials = await this.runtime.credentialsFor(vmId);
    try {
      const sources = await this.#attachAll(record, credentials?.uid ?? null);
      await this.runtime.start(vmSpecOf(record, sources), { signal });
      this.board.note(vmId, { lastError: null });
    } catch (error) {
      if (!this.isRunning(vmId)) await this.releaseAll(record);
      throw error;
    }
  }

  /** Ends the guest at once and detaches its volumes. */
  async stop(vmId: string): Promise<void> {
    await this.runtime.stop(vmId);
    await this.releaseAll(await this.store.require(vmId));
  }

  /** Detaches the volumes of a VM without a process. */
  async releaseAll(record: VmRecord): Promise<void> {
    for (const disk of record.disks) {
      const volumeId = await this.volumeOf(disk);
      if (volumeId !== null) await this.attachments.release(volumeId, record.vm.id);
    }
  }

  /** Counts in the volumes of guests that a former run of the service has started. */
  async adoptAttachments(records: readonly VmRecord[]): Promise<void> {
    for (const record of records) {
      if (!this.isRunning(record.vm.id)) continue;
      for (const disk of record.disks) {
        const volumeId = await this.volumeOf(disk);
        if (volumeId !== null) this.attachments.adopt(volumeId, record.vm.id);
      }
    }
  }

  /** Attaches the medium of one optical drive and tells where it is served. */
  async attachMedium(vmId: string, volumeId: string): Promise<NbdSource> {
    const endpoint = await this.attachments.attach(volumeId, vmId, SHARED_MEDIUM);
    return { kind: 'nbd', ...endpoint };
  }

  /** The volume behind a disk or a medium; null for an empty drive. */
  async volumeOf(disk: VmDiskRow): Promise<string | null> {
    if (disk.volumeId !== null) return disk.volumeId;
    const { isoId } = disk;
    if (isoId === null) return null;
    const iso = await this.database.read((manager) =>
      manager.findOneBy(MediaEntity, { id: isoId }),
    );
    return iso?.volumeId ?? null;
  }

  /** All at once; when it fails, none is still on its way, so that all can be released. */
  async #attachAll(record: VmRecord, uid: number | null): Promise<Map<string, NbdSource>> {
    const sources = new Map<string, NbdSource>();
    const attach = async (disk: VmDiskRow): Promise<void> => {
      const volumeId = await this.volumeOf(disk);
      if (volumeId === null) return;
      const request = disk.kind === 'cdrom' ? SHARED_MEDIUM : { readOnly: disk.readOnly, uid };
      const endpoint = await this.attachments.attach(volumeId, record.vm.id, request);
      sources.set(disk.id, { kind: 'nbd', ...endpoint });
    };
    const attaching = record.disks.map(attach);
    await Promise.allSettled(attaching);
    await Promise.all(attaching);
    if (record.disks.some((disk) => disk.kind === 'disk' && !sources.has(disk.id))) {
      throw new ProblemError('volume.notFound', 'A disk of the VM has no volume.');
    }
    return sources;
  }
}
