import { describe, expect, it } from 'vitest';

import { driveFixture } from '../../testing/fixtures';
import { driveKindText, driveStatusView, mayRemoveDrive, poolOf, readFileDrive } from './driveView';

const drive = driveFixture({});
const withStatus = (changes: Partial<typeof drive.status>): typeof drive => ({
  ...drive,
  status: { ...drive.status, ...changes },
});

describe('a drive', () => {
  it('shows the worse of state and health', () => {
    expect(driveStatusView(drive)).toEqual({ label: 'Good', tone: 'success' });
    expect(driveStatusView(withStatus({ health: 'bad' })).tone).toBe('danger');
    expect(driveStatusView(withStatus({ state: 'missing' })).label).toBe('Missing');
  });

  it('is called by what it is', () => {
    expect(driveKindText(drive)).toBe('SSD, EXAMPLE SSD');
    expect(driveKindText({ ...drive, medium: 'file' })).toBe('File');
  });

  it('stays in the pool while volumes live on it', () => {
    expect(mayRemoveDrive(drive)).toMatchObject({ kind: 'refused' });
    expect(mayRemoveDrive(withStatus({ volumes: 0 })).kind).toBe('allowed');
  });

  it('adds up with the others to the pool', () => {
    expect(poolOf([drive, withStatus({ usedBytes: null })])).toEqual({
      sizeBytes: 2 * drive.sizeBytes,
      usedBytes: drive.status.usedBytes,
      volumes: 6,
    });
  });
});

describe('a file as a drive', () => {
  it('needs an absolute path and at least a GiB', () => {
    expect(readFileDrive({ path: '/srv/drive0.cairn', size: '8 GiB' })).toEqual({
      kind: 'good',
      path: '/srv/drive0.cairn',
      createBytes: 8 * 2 ** 30,
    });
    expect(readFileDrive({ path: 'drive0', size: '8 GiB' }).kind).toBe('bad');
    expect(readFileDrive({ path: '/srv/../etc/x', size: '8 GiB' }).kind).toBe('bad');
    expect(readFileDrive({ path: '/srv/d', size: '10 MiB' })).toEqual({
      kind: 'bad',
      fault: 'At least 1 GiB',
    });
    expect(readFileDrive({ path: '/srv/d', size: '20 TiB' }).kind).toBe('bad');
  });
});
