// From a creation request to rows: which devices the VM gets, which volumes have to be made.
import { Injectable } from '@nestjs/common';
import type { DiskSource, VmCreate, VmDiskCreate, VmNicCreate } from '@cairn/contracts';
import {
  MediaEntity,
  VmDiskEntity,
  VolumeEntity,
  type VmDiskRow,
  type VmNicRow,
  type VmRow,
} from '@cairn/persistence';
import { randomBytes } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { newId } from '../platform/ids';
import { ProblemError } from '../platform/problem';
import { VolumeStore } from '../volumes/volume-store';
import type { NewDisk } from './disk-provisioning';
import { newMac, pinnedMachineType } from './vm-hardware';

/** A disk that is ready to be written as a row, and the volume that a task has to make for it. */
export interface PreparedDisk {
  readonly row: VmDiskRow;
  readonly newDisk: NewDisk | null;
}

export interface DiskOwner {
  readonly vmId: string;
  readonly vmName: string;
  readonly slot: number;
}

@Injectable()
export class VmCreation {
  constructor(private readonly volumes: VolumeStore) {}

  vmRowOf(id: string, request: VmCreate): Omit<VmRow, 'nodeId' | 'revision'> {
    const now = new Date();
    return {
      id,
      name: request.name,
      description: request.description,
      tags: request.tags,
      phase: 'provisioning',
      desiredPowerState: 'stopped',
      vcpus: request.vcpus,
      memoryBytes: request.memoryBytes,
      firmware: request.firmware,
      machineType: pinnedMachineType(request.machineType),
      cpuModel: request.cpuModel,
      bootOrder: request.bootOrder,
      cloudInit: request.cloudInit,
      deletionProtection: request.deletionProtection,
      generationId: newId(),
      lastError: null,
      createdAt: now,
      updatedAt: now,
    };
  }

  /** Decides a disk and reserves its volume. Refuses sources that are not there or in use. */
  async prepareDisk(
    manager: EntityManager,
    request: VmDiskCreate,
    owner: DiskOwner,
  ): Promise<PreparedDisk> {
    const common = {
      id: request.id ?? newId(),
      vmId: owner.vmId,
      bus: request.bus,
      slot: owner.slot,
      createdAt: new Date(),
    };
    if (request.kind === 'cdrom') {
      if (request.isoId !== null) await requireReadyMedium(manager, 'iso', request.isoId);
      const row: VmDiskRow = {
        ...common,
        kind: 'cdrom',
        volumeId: null,
        isoId: request.isoId,
        readOnly: true,
        iopsLimit: null,
        bytesPerSecondLimit: null,
      };
      return { row, newDisk: null };
    }
    const { readOnly, iopsLimit, bytesPerSecondLimit } = request;
    const limits = { readOnly, iopsLimit, bytesPerSecondLimit };
    if (request.source.kind === 'volume') {
      const { volumeId } = request.source;
      await requireFreeVolume(manager, volumeId);
      const row: VmDiskRow = { ...common, ...limits, kind: 'disk', volumeId, isoId: null };
      return { row, newDisk: null };
    }
    const newDisk = await this.#reserve(manager, common.id, request.source, owner);
    const { volumeId } = newDisk;
    return { row: { ...common, ...limits, kind: 'disk', volumeId, isoId: null }, newDisk };
  }

  /** Sizes of the images, together. Refuses images that are not there or not ready. */
  async imageBytes(manager: EntityManager, imageIds: readonly string[]): Promise<number> {
    let bytes = 0;
    for (const imageId of imageIds) {
      bytes += (await contentOf(manager, { kind: 'image', imageId })).sizeBytes;
    }
    return bytes;
  }

  nicRowOf(request: VmNicCreate, owner: Omit<DiskOwner, 'vmName'>): VmNicRow {
    return {
      id: request.id ?? newId(),
      vmId: owner.vmId,
      slot: owner.slot,
      model: request.model,
      mac: request.mac ?? newMac(randomBytes(3)),
      networkKind: request.network.kind,
      bridge: request.network.kind === 'bridge' ? request.network.bridge : null,
      connected: request.connected,
      createdAt: new Date(),
    };
  }

  async #reserve(
    manager: EntityManager,
    diskId: string,
    source: Exclude<DiskSource, { kind: 'volume' }>,
    owner: DiskOwner,
  ): Promise<NewDisk> {
    const volumeId = newId();
    const { imageVolumeId, sizeBytes } = await contentOf(manager, source);
    await this.volumes.reserve(manager, {
      id: volumeId,
      name: `${owner.vmName.slice(0, 40)} disk ${owner.slot} ${volumeId.slice(-6)}`,
      sizeBytes,
      purpose: 'disk',
    });
    return { diskId, volumeId, imageVolumeId, sizeBytes };
  }
}

async function contentOf(
  manager: EntityManager,
  source: Exclude<DiskSource, { kind: 'volume' }>,
): Promise<{ imageVolumeId: string | null; sizeBytes: number }> {
  if (source.kind === 'blank') return { imageVolumeId: null, sizeBytes: source.sizeBytes };
  const volumeId = await requireReadyMedium(manager, 'image', source.imageId);
  const image = await manager.findOneByOrFail(VolumeEntity, { id: volumeId });
  const sizeBytes = source.sizeBytes ?? image.sizeBytes;
  if (sizeBytes < image.sizeBytes) {
    throw new ProblemError(
      'volume.cannotShrink',
      `The image needs a disk of at least ${image.sizeBytes} bytes.`,
    );
  }
  return { imageVolumeId: volumeId, sizeBytes };
}

/** The volume of a medium that is ready for use. */
export async function requireReadyMedium(
  manager: EntityManager,
  kind: 'image' | 'iso',
  id: string,
): Promise<string> {
  const medium = await manager.findOneBy(MediaEntity, { id, kind });
  if (medium === null) throw new ProblemError(`${kind}.notFound`, `There is no such ${kind}.`);
  if (medium.state !== 'ready' || medium.volumeId === null) {
    throw new ProblemError(`${kind}.wrongState`, `${medium.name} is ${medium.state}, not ready.`);
  }
  return medium.volumeId;
}

async function requireFreeVolume(manager: EntityManager, id: string): Promise<void> {
  const volume = await manager.findOneBy(VolumeEntity, { id });
  if (volume === null) throw new ProblemError('volume.notFound', 'There is no such volume.');
  const isOwned = (await manager.countBy(VmDiskEntity, { volumeId: id })) > 0;
  if (isOwned || volume.purpose !== 'disk' || volume.phase !== 'ready') {
    throw new ProblemError('volume.inUse', `The volume ${volume.name} is not free for use.`);
  }
}
