// A volume row, joined with what the storage daemon says now, as the API shows it. Pure.
import type { Condition, ResourceRef, StorageVolume, Volume } from '@cairn/contracts';
import type { VolumeRow } from '@cairn/persistence';

export interface VolumeSurroundings {
  /** Undefined: the daemon does not know it. Null: the daemon does not answer. */
  readonly observed: StorageVolume | undefined | null;
  readonly usedBy: ResourceRef | null;
  readonly nodeId: string;
}

function stateOf(
  row: VolumeRow,
  observed: VolumeSurroundings['observed'],
): Volume['status']['state'] {
  switch (row.phase) {
    case 'creating':
    case 'deleting':
    case 'failed':
      return row.phase;
    case 'ready':
      if (observed === undefined) return 'failed';
      return (observed?.attachment ?? null) === null ? 'available' : 'attached';
  }
}

function healthOf(observed: VolumeSurroundings['observed']): Volume['status']['health'] {
  if (observed === null || observed === undefined) return 'unknown';
  return observed.state === 'offline' ? 'offline' : 'healthy';
}

function conditionsOf(row: VolumeRow, observed: VolumeSurroundings['observed']): Condition[] {
  const since = row.updatedAt.toISOString();
  if (observed === null) {
    const message = 'The storage service of the node does not answer.';
    return [{ type: 'StorageReachable', status: 'false', reason: 'NoAnswer', message, since }];
  }
  if (observed?.error !== undefined && observed.error !== null) {
    const { kind, message } = observed.error;
    return [{ type: 'Online', status: 'false', reason: kind, message, since }];
  }
  if (observed === undefined && row.phase === 'ready') {
    const message = 'The storage service does not know this volume.';
    return [{ type: 'Online', status: 'false', reason: 'Missing', message, since }];
  }
  return [];
}

export function volumeViewOf(row: VolumeRow, surroundings: VolumeSurroundings): Volume {
  const { observed, usedBy } = surroundings;
  return {
    id: row.id,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
    revision: row.revision,
    name: row.name,
    description: row.description,
    tags: row.tags,
    sizeBytes: row.sizeBytes,
    replicas: 1,
    purpose: row.purpose,
    status: {
      state: stateOf(row, observed),
      health: healthOf(observed),
      usedBytes: observed?.usedBytes ?? null,
      nodeId: (observed?.attachment ?? null) === null ? null : surroundings.nodeId,
      driveId: observed?.driveId ?? row.driveId,
      engineId: row.engineVolumeId,
      usedBy,
      conditions: conditionsOf(row, observed),
    },
  };
}
