/** Words for disks, optical drives and network cards. */
import type { DiskBus, NicModel, NicNetwork, Vm, VmDisk } from '@cairn/contracts';

import { allowed, refused, type Permission } from '../../components/tone';
import { isPoweredOn } from './vmView';

export const busWords: Readonly<Record<DiskBus, string>> = {
  'virtio-blk': 'VirtIO block',
  'virtio-scsi': 'VirtIO SCSI',
  sata: 'SATA',
  ide: 'IDE',
};

export const nicModelWords: Readonly<Record<NicModel, string>> = {
  'virtio-net': 'VirtIO',
  e1000: 'Intel e1000',
  e1000e: 'Intel e1000e',
  rtl8139: 'Realtek 8139',
};

/** "Disk 1", "Optical drive 1": counted by kind in the order in which the guest sees them. */
export function diskTitle(vm: Pick<Vm, 'disks'>, disk: VmDisk): string {
  const sameKind = vm.disks
    .filter((each) => each.kind === disk.kind)
    .sort((a, b) => a.slot - b.slot);
  const number = sameKind.findIndex((each) => each.id === disk.id) + 1;
  return `${disk.kind === 'disk' ? 'Disk' : 'Optical drive'} ${number}`;
}

/** Whether a disk may be taken away now. */
export function mayRemoveDisk(vm: Pick<Vm, 'status'>, disk: VmDisk): Permission {
  if (!isPoweredOn(vm.status.state) && vm.status.state !== 'starting') return allowed;
  if (disk.bus === 'virtio-blk' || disk.bus === 'virtio-scsi') return allowed;
  return refused(`A ${busWords[disk.bus]} device can only be removed while the VM is off`);
}

/** "User mode (outgoing only)", "Bridge br0". */
export function networkText(network: NicNetwork): string {
  return network.kind === 'user' ? 'User mode (outgoing only)' : `Bridge ${network.bridge}`;
}

/** "1,000 IOPS, 50 MiB/s"; null without limits. */
export function limitText(disk: VmDisk, formatRate: (rate: number) => string): string | null {
  const parts = [
    ...(disk.iopsLimit === null ? [] : [`${disk.iopsLimit.toLocaleString()} IOPS`]),
    ...(disk.bytesPerSecondLimit === null ? [] : [formatRate(disk.bytesPerSecondLimit)]),
  ];
  return parts.length === 0 ? null : parts.join(', ');
}
