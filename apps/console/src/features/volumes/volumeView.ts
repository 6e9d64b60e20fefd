/** Words and decisions about volumes. Pure. */
import type { Volume } from '@cairn/contracts';

import { allowed, refused, type Permission, type StatusView } from '../../components/tone';

/** State and health in one word: health matters once the volume is there. */
export function volumeStatusView(volume: Pick<Volume, 'status'>): StatusView {
  const { state, health } = volume.status;
  switch (state) {
    case 'creating':
      return { label: 'Creating', tone: 'progress' };
    case 'deleting':
      return { label: 'Deleting', tone: 'progress' };
    case 'failed':
      return { label: 'Failed', tone: 'danger' };
    case 'available':
    case 'attached':
      return healthView(health, state === 'attached');
  }
}

function healthView(health: Volume['status']['health'], isAttached: boolean): StatusView {
  switch (health) {
    case 'degraded':
      return { label: 'Degraded', tone: 'warning', detail: 'A copy is missing.' };
    case 'rebuilding':
      return { label: 'Rebuilding', tone: 'progress' };
    case 'offline':
      return { label: 'Offline', tone: 'danger', detail: 'No copy can be read.' };
    case 'healthy':
    case 'unknown':
      return isAttached ? { label: 'In use', tone: 'success' } : { label: 'Idle', tone: 'neutral' };
  }
}

export const purposeWords: Readonly<Record<Volume['purpose'], string>> = {
  disk: 'Disk',
  image: 'Image',
  iso: 'ISO',
  firmware: 'Firmware',
};

/** Whether a volume may be deleted by itself. */
export function mayDeleteVolume(volume: Pick<Volume, 'status' | 'purpose'>): Permission {
  const { usedBy, state } = volume.status;
  if (state === 'deleting') return refused('It is being deleted');
  if (usedBy) return refused(`${usedBy.name ?? 'A VM'} uses it`);
  if (state === 'attached') return refused('It is attached');
  if (volume.purpose === 'image' || volume.purpose === 'iso') {
    return refused(`It belongs to an ${purposeWords[volume.purpose]}; delete that instead`);
  }
  return allowed;
}

/** Whether a volume may be made larger by itself; a VM's disk is resized at the VM. */
export function mayResizeVolume(volume: Pick<Volume, 'status' | 'purpose'>): Permission {
  if (volume.purpose !== 'disk') return refused('Only disks can be made larger');
  if (volume.status.usedBy) return refused('Make it larger on the Disks tab of its VM');
  return volume.status.state === 'available' ? allowed : refused('It is not idle');
}
