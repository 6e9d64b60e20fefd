// Drives as the storage daemon knows them, as the API shows them. Pure.
import type {
  Condition,
  Drive,
  DriveCandidate,
  StorageDrive,
  StorageDriveCandidate,
} from '@cairn/contracts';

export interface DriveSurroundings {
  readonly nodeId: string;
  readonly revision: number;
  readonly observedAt: Date;
}

function conditionsOf(drive: StorageDrive, since: string): Condition[] {
  if (drive.error === null) return [];
  const { kind, message } = drive.error;
  return [{ type: 'Serving', status: 'false', reason: kind, message, since }];
}

export function driveViewOf(drive: StorageDrive, surroundings: DriveSurroundings): Drive {
  const at = surroundings.observedAt.toISOString();
  return {
    id: drive.id,
    createdAt: null,
    updatedAt: at,
    revision: surroundings.revision,
    nodeId: surroundings.nodeId,
    path: drive.path,
    medium: drive.medium,
    tier: drive.tier,
    model: drive.model,
    serial: drive.serial,
    sizeBytes: drive.sizeBytes,
    status: {
      state: drive.state,
      health: drive.state === 'in' ? 'good' : 'bad',
      usedBytes: drive.usedBytes,
      freeBytes: drive.freeBytes,
      volumes: drive.volumes,
      temperatureCelsius: null,
      wearRatio: null,
      conditions: conditionsOf(drive, at),
    },
  };
}

export function candidateViewOf(candidate: StorageDriveCandidate, nodeId: string): DriveCandidate {
  return {
    nodeId,
    path: candidate.path,
    medium: candidate.medium,
    tier: candidate.tier,
    model: candidate.model,
    serial: candidate.serial,
    sizeBytes: candidate.sizeBytes,
    usable: candidate.usable,
    reason: candidate.reason,
  };
}
