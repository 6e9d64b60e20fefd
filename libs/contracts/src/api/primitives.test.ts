import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cloudInitInputSchema } from './cloud-init';
import { driveAddSchema } from './drives';
import { formatContentRange, parseContentRange } from './media';
import {
  absolutePathSchema,
  checksumSchema,
  descriptionSchema,
  downloadUrlSchema,
  idSchema,
  timeSchema,
} from './primitives';
import { newPasswordSchema, userNameSchema } from './users';

describe('an id', () => {
  it('is a UUID of version 7', () => {
    expect(idSchema.safeParse('01890a5d-ac96-774b-bcce-b302099a8057').success).toBe(true);
    expect(idSchema.safeParse('0F8FAD5B-D9CB-469F-A165-70867728950E').success).toBe(false);
    expect(idSchema.safeParse('../01890a5d').success).toBe(false);
  });
});

describe('a time', () => {
  it('is in UTC', () => {
    expect(timeSchema.safeParse('2026-01-31T12:00:00.000Z').success).toBe(true);
    expect(timeSchema.safeParse('2026-01-31T12:00:00+01:00').success).toBe(false);
  });
});

describe('an address to download from', () => {
  it.each(['http://mirror.example/a.qcow2', 'https://[2001:db8::1]:8443/x?y=1'])(
    'may be %s',
    (url) => {
      expect(downloadUrlSchema.safeParse(url).success).toBe(true);
    },
  );

  it.each([
    'file:///etc/shadow',
    'ftp://a/b',
    'javascript:alert(1)',
    'https://user:secret@host/x',
    '//host/x',
    'nbd://host',
    '',
  ])('is refused when it is %j', (url) => {
    expect(downloadUrlSchema.safeParse(url).success).toBe(false);
  });
});

describe('a path of a drive', () => {
  it.each(['/dev/sdb', '/dev/disk/by-id/nvme-X_1', '/data/..drive/a', '/a.b'])(
    'may be %s',
    (path) => {
      expect(absolutePathSchema.safeParse(path).success).toBe(true);
    },
  );

  it.each(['dev/sdb', '/dev/../etc/shadow', '/a/./b', '/a/..', '/', '', '/a//b', '/a\nb', '/a\0b'])(
    'is refused when it is %j',
    (path) => {
      expect(absolutePathSchema.safeParse(path).success).toBe(false);
    },
  );

  it('never contains a step upwards or a control character', () => {
    const piece = fc.constantFrom('.', '..', 'a', '/', '\n', '\0', ' ', 'b.', '-');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const path = `/${pieces.join('')}`;
        if (absolutePathSchema.safeParse(path).success)
          expect(path.split('/').some((step) => step === '..' || step === '.')).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });

  it('with a file to make has a bounded size', () => {
    const add = (createBytes: number) =>
      driveAddSchema.safeParse({ path: '/data/drive0', createBytes }).success;
    expect(add(2 ** 30)).toBe(true);
    expect(add(2 ** 20)).toBe(false);
    expect(add(2 ** 50)).toBe(false);
  });
});

describe('a checksum', () => {
  it('is SHA-256 in hexadecimal, lowered', () => {
    expect(checksumSchema.parse(`SHA256:${'AB'.repeat(32)}`)).toBe(`sha256:${'ab'.repeat(32)}`);
    expect(checksumSchema.safeParse('ab'.repeat(32)).success).toBe(false);
    expect(checksumSchema.safeParse(`md5:${'ab'.repeat(16)}`).success).toBe(false);
  });
});

describe('free text', () => {
  it('may have lines but no control characters', () => {
    expect(descriptionSchema.safeParse('first\n\tsecond, größer').success).toBe(true);
    expect(descriptionSchema.safeParse('\u001b[31m').success).toBe(false);
    expect(descriptionSchema.safeParse('a'.repeat(1025)).success).toBe(false);
  });
});

describe('users', () => {
  it('have names that are harmless everywhere and passwords of at least 12 characters', () => {
    expect(userNameSchema.safeParse('admin').success).toBe(true);
    expect(userNameSchema.safeParse('Admin').success).toBe(false);
    expect(userNameSchema.safeParse('a b').success).toBe(false);
    expect(newPasswordSchema.safeParse('short').success).toBe(false);
    expect(newPasswordSchema.safeParse('long enough, with späces').success).toBe(true);
    expect(newPasswordSchema.safeParse('null \0 character').success).toBe(false);
  });
});

describe('cloud-init', () => {
  it('takes one-line public keys only', () => {
    const form = (key: string) =>
      cloudInitInputSchema.safeParse({ kind: 'form', sshAuthorizedKeys: [key] }).success;
    expect(form('ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGpT me@host')).toBe(true);
    expect(form('ssh-ed25519 AAAA\nruncmd: [reboot]')).toBe(false);
    expect(form('command="x" ssh-rsa AAAA')).toBe(false);
  });

  it('takes host names and user names that Linux takes', () => {
    const form = (fields: object) =>
      cloudInitInputSchema.safeParse({ kind: 'form', ...fields }).success;
    expect(form({ hostname: 'web-1.example.org', userName: 'admin' })).toBe(true);
    expect(form({ hostname: '-web' })).toBe(false);
    expect(form({ hostname: 'web_1' })).toBe(false);
    expect(form({ userName: 'root:x' })).toBe(false);
  });
});

describe('a content range', () => {
  it('is read as it was written', () => {
    const ranges = fc
      .tuple(fc.nat({ max: 2 ** 40 }), fc.nat({ max: 2 ** 26 }), fc.nat({ max: 2 ** 40 }))
      .map(([start, length, rest]) => ({
        start,
        end: start + length,
        total: start + length + 1 + rest,
      }));
    fc.assert(
      fc.property(ranges, (range) => {
        expect(parseContentRange(formatContentRange(range))).toEqual(range);
      }),
    );
  });

  it.each([
    'bytes 5-4/10',
    'bytes 0-10/10',
    'bytes 0-9/*',
    'bytes */10',
    'bytes=0-9',
    'bytes 0-9/9999999999999999',
  ])('is refused when it is %s', (value) => {
    expect(parseContentRange(value)).toBeUndefined();
  });
});
