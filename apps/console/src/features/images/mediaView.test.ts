import { mediaNameSchema } from '@cairn/contracts';
import { describe, expect, it } from 'vitest';

import { imageFixture } from '../../testing/fixtures';
import {
  contentsText,
  guessKind,
  mayDeleteMedia,
  mediaStatusView,
  nameFromFile,
  sourceText,
  uploadLine,
} from './mediaView';

const image = imageFixture({});

describe('a file to upload', () => {
  it('is an ISO by its ending, and an image otherwise', () => {
    expect(guessKind('debian-12.ISO')).toBe('iso');
    expect(guessKind('debian-12.qcow2')).toBe('image');
    expect(guessKind('iso')).toBe('image');
  });

  it.each([
    ['debian-12-genericcloud-amd64.qcow2', 'debian-12-genericcloud-amd64'],
    ['C:\\images\\win 11.vhdx', 'win 11'],
    ['../../etc/passwd', 'passwd'],
    ['.hidden.img', 'hidden'],
    ['größe.raw', 'gr-e'],
    ['???', 'uploaded-file'],
  ])('gets from %s the name %s', (file, name) => {
    expect(nameFromFile(file)).toBe(name);
    expect(mediaNameSchema.safeParse(nameFromFile(file)).success).toBe(true);
  });
});

describe('words', () => {
  it('tell what an image holds and where it came from', () => {
    expect(contentsText({ kind: 'image', item: image })).toBe('qcow2, 2 GiB disk');
    expect(sourceText({ source: { kind: 'url', url: 'https://example.org/a.qcow2' } })).toBe(
      'Downloaded from example.org',
    );
  });

  it('explain a failure', () => {
    const status = {
      ...image.status,
      state: 'failed',
      error: { code: 'media.externalReference', message: 'It names a backing file.' },
    } as const;
    expect(mediaStatusView({ kind: 'image', item: { ...image, status } })).toMatchObject({
      tone: 'danger',
      detail: 'It names a backing file.',
    });
  });

  it('say how far an upload is and how long it will take', () => {
    const progress = { receivedBytes: 2 ** 30, sizeBytes: 2 ** 31, bytesPerSecond: 2 ** 25 };
    expect(uploadLine(progress)).toBe('50 % · 1 GiB of 2 GiB · 32 MiB/s · 32 s left');
    expect(uploadLine({ ...progress, bytesPerSecond: null })).toBe('50 % · 1 GiB of 2 GiB');
  });
});

describe('mayDeleteMedia', () => {
  it('keeps an ISO that a VM has in its drive', () => {
    const { format: _format, virtualSizeBytes: _size, ...status } = image.status;
    const iso = { ...image, status: { ...status, usedByVms: 1 } };
    expect(mayDeleteMedia({ kind: 'iso', item: iso }).kind).toBe('refused');
    expect(mayDeleteMedia({ kind: 'image', item: image }).kind).toBe('allowed');
  });
});
