/** Routes of drives and volumes. */
import { z } from 'zod';
import { driveAddSchema, driveCandidateListSchema, driveListSchema, driveSchema } from '../drives';
import { listQuerySchema } from '../lists';
import { guidSchema, idSchema } from '../primitives';
import { answers, answersNothing, creates, taskCreates, taskResponses, type Route } from '../route';
import {
  volumeCreateSchema,
  volumeListSchema,
  volumePatchSchema,
  volumeResizeSchema,
  volumeSchema,
} from '../volumes';

const driveParams = z.strictObject({ driveId: guidSchema });
const volumeParams = z.strictObject({ volumeId: idSchema });

export const driveRoutes = {
  listDrives: {
    method: 'get',
    path: '/drives',
    summary: 'List the drives of the pool',
    tag: 'Drives',
    access: 'drives:read',
    query: listQuerySchema,
    responses: answers('A page of drives.', driveListSchema),
  },
  listDriveCandidates: {
    method: 'get',
    path: '/drives/candidates',
    summary: 'List devices that are not in the pool',
    tag: 'Drives',
    access: 'drives:read',
    responses: answers('The devices.', driveCandidateListSchema),
  },
  addDrive: {
    method: 'post',
    path: '/drives',
    summary: 'Add a device or a file to the pool',
    tag: 'Drives',
    access: 'drives:add',
    request: driveAddSchema,
    responses: taskCreates(driveSchema),
    dryRun: true,
    task: true,
  },
  getDrive: {
    method: 'get',
    path: '/drives/{driveId}',
    summary: 'Show a drive',
    tag: 'Drives',
    access: 'drives:read',
    params: driveParams,
    responses: answers('The drive.', driveSchema),
  },
  removeDrive: {
    method: 'delete',
    path: '/drives/{driveId}',
    summary: 'Take an empty drive out of the pool',
    tag: 'Drives',
    access: 'drives:remove',
    params: driveParams,
    responses: taskResponses,
    dryRun: true,
    task: true,
  },
} as const satisfies Record<string, Route>;

export const volumeRoutes = {
  listVolumes: {
    method: 'get',
    path: '/volumes',
    summary: 'List volumes',
    tag: 'Volumes',
    access: 'volumes:read',
    query: listQuerySchema,
    responses: answers('A page of volumes.', volumeListSchema),
  },
  createVolume: {
    method: 'post',
    path: '/volumes',
    summary: 'Create an empty volume',
    tag: 'Volumes',
    access: 'volumes:create',
    request: volumeCreateSchema,
    responses: creates('The volume.', volumeSchema),
    dryRun: true,
  },
  getVolume: {
    method: 'get',
    path: '/volumes/{volumeId}',
    summary: 'Show a volume',
    tag: 'Volumes',
    access: 'volumes:read',
    params: volumeParams,
    responses: answers('The volume.', volumeSchema),
    etag: true,
  },
  updateVolume: {
    method: 'patch',
    path: '/volumes/{volumeId}',
    summary: 'Rename or describe a volume',
    tag: 'Volumes',
    access: 'volumes:update',
    params: volumeParams,
    request: volumePatchSchema,
    responses: answers('The changed volume.', volumeSchema),
    etag: true,
  },
  deleteVolume: {
    method: 'delete',
    path: '/volumes/{volumeId}',
    summary: 'Delete a volume that nothing uses',
    tag: 'Volumes',
    access: 'volumes:delete',
    params: volumeParams,
    responses: answersNothing,
    dryRun: true,
    etag: true,
  },
  resizeVolume: {
    method: 'post',
    path: '/volumes/{volumeId}/actions/resize',
    summary: 'Make a volume larger',
    tag: 'Volumes',
    access: 'volumes:update',
    params: volumeParams,
    request: volumeResizeSchema,
    responses: answers('The volume.', volumeSchema),
    dryRun: true,
  },
} as const satisfies Record<string, Route>;
