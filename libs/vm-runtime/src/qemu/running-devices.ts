/** Changes to the devices of a running VM, over its monitor. */
import { z } from 'zod';
import { blockDevicesSchema } from '../qmp/qmp-messages';
import type { QmpClient } from '../qmp/qmp-client';
import { VmRuntimeError, type DiskLimits } from '../vm-runtime';
import type { NbdSource, VmSpec } from '../vm-spec';
import { diskDevice, diskNode, limitsGroup, mediumNodes, throttleLimits } from './disk-devices';
import { nicDevice } from './nic-devices';

const BLOCK_DEADLINE_MS = 30_000;

/** Puts the medium into the drive, or leaves it empty for `null`. */
export async function changeMedium(
  qmp: QmpClient,
  drive: { readonly spec: VmSpec; readonly id: string },
  source: NbdSource | null,
): Promise<void> {
  const index = diskIndex(drive.spec, drive.id, 'cdrom');
  const device = diskDevice(drive.id);
  const slow = { deadlineMs: BLOCK_DEADLINE_MS };
  const before = await mediumOf(qmp, device);
  // Two names in turn, because the old medium is removed only when the new one is in.
  const name = before === diskNode(index) ? `${diskNode(index)}-b` : diskNode(index);
  const nodes = source === null ? [] : mediumNodes(name, source);
  const added: string[] = [];
  try {
    for (const node of nodes) {
      await qmp.run('blockdev-add', node, slow);
      added.unshift(String(node['node-name']));
    }
    await qmp.run('blockdev-open-tray', { id: device, force: true }, slow);
    if (before !== null) await qmp.run('blockdev-remove-medium', { id: device }, slow);
    if (source !== null) {
      await qmp.run('blockdev-insert-medium', { id: device, 'node-name': name }, slow);
    }
    await qmp.run('blockdev-close-tray', { id: device }, slow);
  } catch (error) {
    for (const node of added) {
      await qmp.run('blockdev-del', { 'node-name': node }, slow).catch(() => undefined);
    }
    throw error;
  }
  if (before === null) return;
  for (const node of [before, `${before}-nbd`]) {
    await qmp.run('blockdev-del', { 'node-name': node }, slow);
  }
}

export async function changeLimits(
  qmp: QmpClient,
  disk: { readonly spec: VmSpec; readonly id: string },
  limits: DiskLimits,
): Promise<void> {
  const index = diskIndex(disk.spec, disk.id, 'disk');
  await qmp.run('qom-set', {
    path: `/objects/${limitsGroup(index)}`,
    property: 'limits',
    value: throttleLimits(limits),
  });
}

export async function changeLink(
  qmp: QmpClient,
  nic: { readonly spec: VmSpec; readonly id: string },
  connected: boolean,
): Promise<void> {
  if (!nic.spec.nics.some(({ id }) => id === nic.id)) {
    throw new VmRuntimeError('not-found', `VM ${nic.spec.id} has no NIC ${nic.id}`);
  }
  await qmp.run('set_link', { name: nicDevice(nic.id), up: connected });
}

/** Before the guest's first instruction: cables that are not plugged, statistics. */
export async function prepareDevices(qmp: QmpClient, spec: VmSpec): Promise<void> {
  for (const nic of spec.nics) {
    if (!nic.connected) await changeLink(qmp, { spec, id: nic.id }, false);
  }
  if (!spec.balloon) return;
  await qmp.run('qom-set', {
    path: '/machine/peripheral/balloon0',
    property: 'guest-stats-polling-interval',
    value: 10,
  });
}

export async function takeScreenshot(qmp: QmpClient, path: string): Promise<void> {
  await qmp.ask(z.unknown(), 'screendump', { filename: path, format: 'png' });
}

function diskIndex(spec: VmSpec, id: string, role: 'disk' | 'cdrom'): number {
  const index = spec.disks.findIndex((disk) => disk.id === id && disk.role === role);
  if (index >= 0) return index;
  throw new VmRuntimeError('not-found', `VM ${spec.id} has no ${role} ${id}`);
}

/** Node name of the medium in the drive; `null` when it is empty. */
async function mediumOf(qmp: QmpClient, device: string): Promise<string | null> {
  const devices = await qmp.ask(blockDevicesSchema, 'query-block');
  const drive = devices.find(({ qdev }) => qdev === device || qdev?.endsWith(`/${device}`));
  return drive?.inserted?.['node-name'] ?? null;
}
