/** Routes of VMs, their disks, network cards, power, console and metrics. */
import { z } from 'zod';
import { consoleTicketCreateSchema, consoleTicketSchema } from '../console';
import { listQuerySchema } from '../lists';
import { idSchema } from '../primitives';
import { answers, creates, taskCreates, taskResponses, type Route } from '../route';
import { vmMetricsQuerySchema, vmMetricsSchema } from '../vm-metrics';
import {
  mediaInsertSchema,
  vmDiskCreateSchema,
  vmDiskPatchSchema,
  vmDiskRemoveQueryShape,
  vmDiskResizeSchema,
  vmDiskSchema,
} from '../vm-disks';
import { vmNicCreateSchema, vmNicPatchSchema, vmNicSchema } from '../vm-nics';
import { vmCreateSchema, vmListSchema, vmPatchSchema, vmSchema, vmShutdownSchema } from '../vms';

const tag = 'VMs';
const vmParams = z.strictObject({ vmId: idSchema });
const diskParams = z.strictObject({ vmId: idSchema, diskId: idSchema });
const nicParams = z.strictObject({ vmId: idSchema, nicId: idSchema });

/** The volumes of a VM go with it unless they are kept. */
const keepVolumesQuery = z.strictObject({
  keepVolumes: z
    .enum(['true', 'false'])
    .optional()
    .describe('`true` keeps the volumes for other use; by default they are deleted.'),
});

function power<Verb extends string>(verb: Verb, summary: string) {
  return {
    method: 'post',
    path: `/vms/{vmId}/actions/${verb}`,
    summary,
    tag,
    access: 'vms:power',
    params: vmParams,
    responses: taskResponses,
    dryRun: true,
    task: true,
  } as const;
}

export const vmRoutes = {
  listVms: {
    method: 'get',
    path: '/vms',
    summary: 'List VMs',
    tag,
    access: 'vms:read',
    query: listQuerySchema,
    responses: answers('A page of VMs.', vmListSchema),
  },
  createVm: {
    method: 'post',
    path: '/vms',
    summary: 'Create a VM with its disks and network cards',
    tag,
    access: 'vms:create',
    request: vmCreateSchema,
    responses: taskCreates(vmSchema),
    dryRun: true,
    task: true,
  },
  getVm: {
    method: 'get',
    path: '/vms/{vmId}',
    summary: 'Show a VM',
    tag,
    access: 'vms:read',
    params: vmParams,
    responses: answers('The VM.', vmSchema),
    etag: true,
  },
  updateVm: {
    method: 'patch',
    path: '/vms/{vmId}',
    summary: 'Change a VM',
    tag,
    access: 'vms:update',
    params: vmParams,
    request: vmPatchSchema,
    responses: answers('The changed VM.', vmSchema),
    dryRun: true,
    etag: true,
  },
  deleteVm: {
    method: 'delete',
    path: '/vms/{vmId}',
    summary: 'Delete a stopped VM and its volumes',
    tag,
    access: 'vms:delete',
    params: vmParams,
    query: keepVolumesQuery,
    responses: taskResponses,
    dryRun: true,
    task: true,
    etag: true,
  },
  startVm: power('start', 'Start a VM'),
  shutdownVm: {
    ...power('shutdown', 'Ask the guest to shut down'),
    request: vmShutdownSchema,
  },
  stopVm: power('stop', 'Cut the power of a VM'),
  rebootVm: power('reboot', 'Ask the guest to reboot'),
  resetVm: power('reset', 'Press the reset button of a VM'),
  pauseVm: power('pause', 'Stop the vCPUs of a VM'),
  resumeVm: power('resume', 'Let the vCPUs of a VM go on'),
  createConsoleTicket: {
    method: 'post',
    path: '/vms/{vmId}/actions/console-ticket',
    summary: 'Get a one-time ticket for the screen or the serial line',
    tag,
    access: 'vms:console',
    params: vmParams,
    request: consoleTicketCreateSchema,
    responses: creates('The ticket, good for 30 seconds.', consoleTicketSchema),
  },
  getVmMetrics: {
    method: 'get',
    path: '/vms/{vmId}/metrics',
    summary: 'Time series of a VM',
    tag,
    access: 'metrics:read',
    params: vmParams,
    query: vmMetricsQuerySchema,
    responses: answers('The series.', vmMetricsSchema),
  },
  addVmDisk: {
    method: 'post',
    path: '/vms/{vmId}/disks',
    summary: 'Add a disk or an optical drive',
    tag,
    access: 'vms:update',
    params: vmParams,
    request: vmDiskCreateSchema,
    responses: taskCreates(vmDiskSchema),
    dryRun: true,
    task: true,
  },
  updateVmDisk: {
    method: 'patch',
    path: '/vms/{vmId}/disks/{diskId}',
    summary: 'Change limits or bus of a disk',
    tag,
    access: 'vms:update',
    params: diskParams,
    request: vmDiskPatchSchema,
    responses: answers('The changed disk.', vmDiskSchema),
  },
  removeVmDisk: {
    method: 'delete',
    path: '/vms/{vmId}/disks/{diskId}',
    summary: 'Remove a disk and its volume',
    tag,
    access: 'vms:update',
    params: diskParams,
    query: z.strictObject(vmDiskRemoveQueryShape),
    responses: taskResponses,
    dryRun: true,
    task: true,
  },
  resizeVmDisk: {
    method: 'post',
    path: '/vms/{vmId}/disks/{diskId}/actions/resize',
    summary: 'Make a disk larger',
    tag,
    access: 'vms:update',
    params: diskParams,
    request: vmDiskResizeSchema,
    responses: taskResponses,
    dryRun: true,
    task: true,
  },
  insertMedia: {
    method: 'post',
    path: '/vms/{vmId}/disks/{diskId}/actions/insert-media',
    summary: 'Insert an ISO into an optical drive',
    tag,
    access: 'vms:update',
    params: diskParams,
    request: mediaInsertSchema,
    responses: taskResponses,
    task: true,
  },
  ejectMedia: {
    method: 'post',
    path: '/vms/{vmId}/disks/{diskId}/actions/eject',
    summary: 'Eject the ISO from an optical drive',
    tag,
    access: 'vms:update',
    params: diskParams,
    responses: taskResponses,
    task: true,
  },
  addVmNic: {
    method: 'post',
    path: '/vms/{vmId}/nics',
    summary: 'Add a network card',
    tag,
    access: 'vms:update',
    params: vmParams,
    request: vmNicCreateSchema,
    responses: taskCreates(vmNicSchema),
    task: true,
  },
  updateVmNic: {
    method: 'patch',
    path: '/vms/{vmId}/nics/{nicId}',
    summary: 'Change a network card, or pull its cable',
    tag,
    access: 'vms:update',
    params: nicParams,
    request: vmNicPatchSchema,
    responses: answers('The changed network card.', vmNicSchema),
  },
  removeVmNic: {
    method: 'delete',
    path: '/vms/{vmId}/nics/{nicId}',
    summary: 'Remove a network card',
    tag,
    access: 'vms:update',
    params: nicParams,
    responses: taskResponses,
    task: true,
  },
} as const satisfies Record<string, Route>;
