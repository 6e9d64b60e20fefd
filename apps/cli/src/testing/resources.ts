/** Resources as a server answers them, for tests. */
import type { components } from '@cairn/api-client';

type Schemas = components['schemas'];

export const VM_ID = '01890a5d-ac96-774b-bcce-b302099a8057';
export const TASK_ID = '01890a5d-ac96-774b-bcce-b302099a8058';
export const DISK_ID = '01890a5d-ac96-774b-bcce-b302099a8059';
export const IMAGE_ID = '01890a5d-ac96-774b-bcce-b302099a805a';

const AT = '2026-01-01T00:00:00.000Z';
const base = { createdAt: AT, updatedAt: AT, revision: 7 };

export function vmOf(change: Partial<Schemas['Vm']> = {}): Schemas['Vm'] {
  return {
    ...base,
    id: VM_ID,
    name: 'web-1',
    description: '',
    tags: ['web'],
    desiredPowerState: 'running',
    vcpus: 2,
    memoryBytes: 2 * 1024 ** 3,
    firmware: 'bios',
    machineType: 'q35',
    cpuModel: null,
    bootOrder: ['disk'],
    cloudInit: null,
    deletionProtection: false,
    disks: [
      {
        id: DISK_ID,
        kind: 'disk',
        bus: 'virtio-blk',
        slot: 0,
        serial: 'disk-0',
        sizeBytes: 20 * 1024 ** 3,
        volumeId: IMAGE_ID,
        isoId: null,
        readOnly: false,
        iopsLimit: null,
        bytesPerSecondLimit: null,
      },
    ],
    nics: [],
    status: {
      state: 'running',
      since: AT,
      nodeId: null,
      accelerator: 'tcg',
      machineType: 'pc-q35-7.2',
      startedAt: AT,
      guestAgent: false,
      restartPending: false,
      cpuRatio: 0.25,
      memoryUsedBytes: null,
      lastError: null,
      conditions: [],
    },
    ...change,
  };
}

export function taskOf(change: Partial<Schemas['Task']> = {}): Schemas['Task'] {
  return {
    ...base,
    id: TASK_ID,
    kind: 'vm.start',
    state: 'running',
    progress: { percent: 40, bytesDone: 4096, bytesTotal: 10240, etaSeconds: 12 },
    steps: [{ name: 'attach', state: 'running', message: null, startedAt: AT, finishedAt: null }],
    resource: { kind: 'vm', id: VM_ID, name: 'web-1' },
    parentId: null,
    actor: { kind: 'user', id: null, name: 'admin' },
    nodeId: null,
    error: null,
    cancellable: true,
    startedAt: AT,
    finishedAt: null,
    ...change,
  };
}

export function imageOf(status: Partial<Schemas['Image']['status']> = {}): Schemas['Image'] {
  return {
    ...base,
    id: IMAGE_ID,
    name: 'debian.qcow2',
    description: '',
    tags: [],
    source: { kind: 'upload' },
    fileSizeBytes: 1000,
    checksum: null,
    status: {
      state: 'awaitingUpload',
      upload: { receivedBytes: 0, sizeBytes: 1000 },
      volumeId: null,
      nodeId: null,
      taskId: null,
      error: null,
      usedByVms: 0,
      conditions: [],
      format: null,
      virtualSizeBytes: null,
      ...status,
    },
  };
}

export function listOf<Item>(...items: Item[]) {
  return { items, nextCursor: null, totalEstimate: items.length, revision: 7 };
}
