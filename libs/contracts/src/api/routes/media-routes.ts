/** Routes of images and ISOs. */
import { z } from 'zod';
import { mediaTypes } from '../headers';
import {
  buildDemoSchema,
  imageCreateSchema,
  imageImportUrlSchema,
  imageListSchema,
  imageSchema,
} from '../images';
import { isoCreateSchema, isoImportUrlSchema, isoListSchema, isoSchema } from '../isos';
import { listQuerySchema } from '../lists';
import { mediaPatchSchema, uploadStateSchema } from '../media';
import { idSchema } from '../primitives';
import { answers, creates, taskCreates, taskResponses, type Route } from '../route';
import { taskSchema } from '../tasks';

const imageParams = z.strictObject({ imageId: idSchema });
const isoParams = z.strictObject({ isoId: idSchema });

const uploadPart = {
  mediaType: mediaTypes.bytes,
  description:
    'One part of the file, at most 64 MiB, with `Content-Range: bytes <start>-<end>/<size>`. A part must start at ' +
    '`receivedBytes`; otherwise the answer is 409 `upload.offsetMismatch` and the state says where to go on.',
} as const;

const uploadResponses = {
  200: { description: 'The part is stored; more must follow.', body: uploadStateSchema },
  202: { description: 'The file is complete; the task imports it.', body: taskSchema },
} as const;

export const imageRoutes = {
  listImages: {
    method: 'get',
    path: '/images',
    summary: 'List images',
    tag: 'Images',
    access: 'images:read',
    query: listQuerySchema,
    responses: answers('A page of images.', imageListSchema),
  },
  createImage: {
    method: 'post',
    path: '/images',
    summary: 'Announce the upload of an image',
    tag: 'Images',
    access: 'images:create',
    request: imageCreateSchema,
    responses: creates('The image, awaiting its bytes.', imageSchema),
  },
  importImageUrl: {
    method: 'post',
    path: '/images/actions/import-url',
    summary: 'Download an image',
    tag: 'Images',
    access: 'images:create',
    request: imageImportUrlSchema,
    responses: taskCreates(imageSchema),
    task: true,
  },
  buildDemoImage: {
    method: 'post',
    path: '/images/actions/build-demo',
    summary: "Build a demo image from the node's packages",
    tag: 'Images',
    access: 'images:create',
    request: buildDemoSchema,
    responses: taskCreates(imageSchema),
    task: true,
  },
  getImage: {
    method: 'get',
    path: '/images/{imageId}',
    summary: 'Show an image and how far its upload is',
    tag: 'Images',
    access: 'images:read',
    params: imageParams,
    responses: answers('The image.', imageSchema),
    etag: true,
  },
  updateImage: {
    method: 'patch',
    path: '/images/{imageId}',
    summary: 'Rename or describe an image',
    tag: 'Images',
    access: 'images:update',
    params: imageParams,
    request: mediaPatchSchema,
    responses: answers('The changed image.', imageSchema),
    etag: true,
  },
  uploadImageData: {
    method: 'put',
    path: '/images/{imageId}/data',
    summary: 'Upload a part of an image',
    tag: 'Images',
    access: 'images:create',
    params: imageParams,
    request: uploadPart,
    responses: uploadResponses,
  },
  deleteImage: {
    method: 'delete',
    path: '/images/{imageId}',
    summary: 'Delete an image; VMs made from it keep their disks',
    tag: 'Images',
    access: 'images:delete',
    params: imageParams,
    responses: taskResponses,
    dryRun: true,
    task: true,
    etag: true,
  },
} as const satisfies Record<string, Route>;

export const isoRoutes = {
  listIsos: {
    method: 'get',
    path: '/isos',
    summary: 'List ISOs',
    tag: 'ISOs',
    access: 'isos:read',
    query: listQuerySchema,
    responses: answers('A page of ISOs.', isoListSchema),
  },
  createIso: {
    method: 'post',
    path: '/isos',
    summary: 'Announce the upload of an ISO',
    tag: 'ISOs',
    access: 'isos:create',
    request: isoCreateSchema,
    responses: creates('The ISO, awaiting its bytes.', isoSchema),
  },
  importIsoUrl: {
    method: 'post',
    path: '/isos/actions/import-url',
    summary: 'Download an ISO',
    tag: 'ISOs',
    access: 'isos:create',
    request: isoImportUrlSchema,
    responses: taskCreates(isoSchema),
    task: true,
  },
  getIso: {
    method: 'get',
    path: '/isos/{isoId}',
    summary: 'Show an ISO and how far its upload is',
    tag: 'ISOs',
    access: 'isos:read',
    params: isoParams,
    responses: answers('The ISO.', isoSchema),
    etag: true,
  },
  updateIso: {
    method: 'patch',
    path: '/isos/{isoId}',
    summary: 'Rename or describe an ISO',
    tag: 'ISOs',
    access: 'isos:update',
    params: isoParams,
    request: mediaPatchSchema,
    responses: answers('The changed ISO.', isoSchema),
    etag: true,
  },
  uploadIsoData: {
    method: 'put',
    path: '/isos/{isoId}/data',
    summary: 'Upload a part of an ISO',
    tag: 'ISOs',
    access: 'isos:create',
    params: isoParams,
    request: uploadPart,
    responses: uploadResponses,
  },
  deleteIso: {
    method: 'delete',
    path: '/isos/{isoId}',
    summary: 'Delete an ISO that no VM has inserted',
    tag: 'ISOs',
    access: 'isos:delete',
    params: isoParams,
    responses: taskResponses,
    dryRun: true,
    task: true,
    etag: true,
  },
} as const satisfies Record<string, Route>;
