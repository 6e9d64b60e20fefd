/** Resources for tests: complete, ordinary, and changed only where a test says so. */
import type { Cluster, Drive, Image, Node, Task, Vm, VmStatus } from '@cairn/contracts';

const createdAt = '2026-11-21T12:00:00.000Z';
const nodeId = '0b8f3c1e-6d1f-4a53-9f0e-2b6f0c9d1a11';

const base = { createdAt, updatedAt: createdAt, revision: 7 };
const GIB = 2 ** 30;

type VmChanges = Partial<Omit<Vm, 'status'>> & { readonly status?: Partial<VmStatus> };

/** A stopped VM with one disk, one optical drive and one network card. */
export function vmFixture(changes: VmChanges): Vm {
  const { status, ...spec } = changes;
  return {
    ...base,
    id: '01934f2e-0000-7000-8000-000000000001',
    name: 'web-1',
    description: 'Front door',
    tags: ['web'],
    desiredPowerState: 'stopped',
    vcpus: 2,
    memoryBytes: 2 * GIB,
    firmware: 'bios',
    machineType: 'q35',
    cpuModel: null,
    bootOrder: ['disk', 'cdrom', 'network'],
    cloudInit: null,
    deletionProtection: false,
    disks: [
      {
        id: '01934f2e-0000-7000-8000-0000000000d1',
        kind: 'disk',
        bus: 'virtio-blk',
        slot: 0,
        serial: 'd1',
        sizeBytes: 20 * GIB,
        volumeId: '01934f2e-0000-7000-8000-0000000000e1',
        isoId: null,
        readOnly: false,
        iopsLimit: null,
        bytesPerSecondLimit: null,
      },
      {
        id: '01934f2e-0000-7000-8000-0000000000d2',
        kind: 'cdrom',
        bus: 'sata',
        slot: 1,
        serial: 'd2',
        sizeBytes: null,
        volumeId: null,
        isoId: null,
        readOnly: true,
        iopsLimit: null,
        bytesPerSecondLimit: null,
      },
    ],
    nics: [
      {
        id: '01934f2e-0000-7000-8000-0000000000c1',
        slot: 0,
        model: 'virtio-net',
        mac: '52:54:00:12:34:56',
        network: { kind: 'user' },
        connected: true,
        ips: ['10.0.2.15'],
      },
    ],
    ...spec,
    status: {
      state: 'stopped',
      since: createdAt,
      nodeId,
      accelerator: null,
      machineType: null,
      startedAt: null,
      guestAgent: false,
      restartPending: false,
      cpuRatio: null,
      memoryUsedBytes: null,
      lastError: null,
      conditions: [],
      ...status,
    },
  };
}

/** A running task half done. */
export function taskFixture(changes: Partial<Task>): Task {
  return {
    ...base,
    id: '01934f2e-0000-7000-8000-0000000000a1',
    kind: 'image.import',
    state: 'running',
    progress: { percent: 50, bytesDone: GIB, bytesTotal: 2 * GIB, etaSeconds: 30 },
    steps: [],
    resource: { kind: 'image', id: '01934f2e-0000-7000-8000-0000000000b1', name: 'debian-12' },
    parentId: null,
    actor: { kind: 'user', id: null, name: 'admin' },
    nodeId,
    error: null,
    cancellable: true,
    startedAt: createdAt,
    finishedAt: null,
    ...changes,
  };
}

/** An image that is ready. */
export function imageFixture(changes: Partial<Image>): Image {
  return {
    ...base,
    id: '01934f2e-0000-7000-8000-0000000000b1',
    name: 'debian-12',
    description: '',
    tags: [],
    source: { kind: 'upload' },
    fileSizeBytes: GIB / 2,
    checksum: null,
    status: {
      state: 'ready',
      upload: null,
      volumeId: '01934f2e-0000-7000-8000-0000000000e2',
      nodeId,
      taskId: null,
      error: null,
      usedByVms: 0,
      conditions: [],
      format: 'qcow2',
      virtualSizeBytes: 2 * GIB,
    },
    ...changes,
  };
}

/** A healthy cluster of one node. */
export function clusterFixture(changes: Partial<Cluster>): Cluster {
  return {
    ...base,
    id: '0b8f3c1e-6d1f-4a53-9f0e-2b6f0c9d1a10',
    name: 'lab',
    version: '0.1.0',
    nodesTotal: 1,
    nodesOnline: 1,
    quorum: true,
    failureBudget: { nodes: 0, drives: 0, limitingFactor: 'Volumes have one copy.' },
    capacity: {
      rawBytes: 100 * GIB,
      usableBytes: 96 * GIB,
      usedBytes: 24 * GIB,
      committedBytes: 60 * GIB,
      runwayDays: null,
    },
    compute: {
      threadsTotal: 8,
      vcpusCommitted: 4,
      cpuUsedRatio: 0.25,
      memoryTotalBytes: 32 * GIB,
      memoryUsedBytes: 8 * GIB,
      memoryCommittedBytes: 6 * GIB,
    },
    vmsTotal: 3,
    vmsRunning: 2,
    status: { state: 'healthy', summary: 'All is well.', conditions: [] },
    ...changes,
  };
}

/** An online node that emulates in software. */
export function nodeFixture(changes: Partial<Node>): Node {
  return {
    ...base,
    id: nodeId,
    name: 'n1',
    address: '127.0.0.1:8443',
    version: '0.1.0',
    schedulable: true,
    cpu: { model: 'Example CPU', coresTotal: 4, threadsTotal: 8 },
    memoryTotalBytes: 32 * GIB,
    status: {
      state: 'online',
      conditions: [],
      accelerator: { kind: 'tcg', kvm: 'absent', reason: 'There is no /dev/kvm.' },
      privileged: true,
      kernelVersion: '6.1.0',
      qemuVersion: '7.2.0',
      uefi: true,
      bridges: ['br0'],
      uptimeSeconds: 3600,
      cpuUsedRatio: 0.2,
      memoryUsedBytes: 8 * GIB,
      vmsRunning: 1,
    },
    ...changes,
  };
}

/** A drive in the pool. */
export function driveFixture(changes: Partial<Drive>): Drive {
  return {
    ...base,
    id: '0b8f3c1e-6d1f-4a53-9f0e-2b6f0c9d1a12',
    nodeId,
    path: '/dev/sdb',
    medium: 'block',
    tier: 'ssd',
    model: 'EXAMPLE SSD',
    serial: 'S1',
    sizeBytes: 100 * GIB,
    status: {
      state: 'in',
      health: 'good',
      usedBytes: 24 * GIB,
      freeBytes: 72 * GIB,
      volumes: 3,
      temperatureCelsius: 34,
      wearRatio: 0.02,
      conditions: [],
    },
    ...changes,
  };
}
