import { describe, expect, it } from 'vitest';
import { storageErrorKinds, storageErrorStatus } from './errors';
import { storageDriveAddSchema } from './drives';
import {
  engineVolumeIdSchema,
  storageVolumeAttachSchema,
  storageVolumeCreateSchema,
} from './volumes';

describe('the storage control API', () => {
  it('gives every error kind a status code', () => {
    expect(Object.keys(storageErrorStatus).sort()).toEqual([...storageErrorKinds].sort());
    for (const status of Object.values(storageErrorStatus))
      expect(status).toBeGreaterThanOrEqual(400);
  });

  it.each(['0', '01', '-1', '1.0', '123456789012345678901', '../1', ''])(
    'refuses %j as the number of a volume',
    (id) => {
      expect(engineVolumeIdSchema.safeParse(id).success).toBe(false);
    },
  );

  it.each([
    { name: 'a', sizeBytes: 4095 },
    { name: 'a', sizeBytes: 2 ** 60 },
    { name: '', sizeBytes: 2 ** 20 },
    { name: 'a\n', sizeBytes: 2 ** 20 },
    { name: 'a', sizeBytes: 2 ** 20, extra: true },
    { name: 'a', sizeBytes: '1048576' },
  ])('refuses to create a volume from %j', (body) => {
    expect(storageVolumeCreateSchema.safeParse(body).success).toBe(false);
  });

  it('refuses the user id that means "leave it"', () => {
    expect(storageVolumeAttachSchema.safeParse({ socketUid: 2 ** 32 - 1 }).success).toBe(false);
    expect(storageVolumeAttachSchema.parse({})).toEqual({ readOnly: false });
  });

  it.each(['/dev/../etc/passwd', 'relative', '/with space', '/dev/sdb/'])(
    'refuses %j as the path of a drive',
    (path) => {
      expect(storageDriveAddSchema.safeParse({ path }).success).toBe(false);
    },
  );
});
