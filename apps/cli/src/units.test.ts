import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CairnEvent } from '@cairn/contracts';
import { lineOf } from './commands/event';
import { nameOf } from './commands/media';
import { wholePath } from './commands/api';
import { serverUrlOf, parseFingerprint } from './config';
import { parseDisk, parseNic } from './device-options';
import { clean, tableOf } from './output';
import { barOf } from './progress';
import { taskOf } from './testing/resources';
import { formatAge, formatSeconds, formatSize, parseSize } from './units';

describe('sizes', () => {
  it.each([
    ['20G', 20 * 1024 ** 3],
    ['512MiB', 512 * 1024 ** 2],
    ['1.5t', 1.5 * 1024 ** 4],
    ['1.1G', 1127 * 1024 ** 2],
    ['4096', 4096],
    ['64 KB', 65_536],
  ])('%s is %d bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  it.each(['', 'G', '-1G', '1e9', '1.0000000001', '99999999T', '0x10', '1,5G'])(
    'refuses %j',
    (text) => {
      expect(() => parseSize(text)).toThrow('is not a size');
    },
  );

  it('are shown so that reading them again is near', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2 ** 20, max: 2 ** 49 }), (bytes) => {
        const read = parseSize(formatSize(bytes));
        expect(Math.abs(read / bytes - 1)).toBeLessThan(0.06);
      }),
    );
  });

  it('of nothing are a dash', () => {
    expect(formatSize(null)).toBe('-');
    expect(formatSize(0)).toBe('0 B');
  });
});

describe('times', () => {
  it('are short', () => {
    expect([5, 65, 3725].map(formatSeconds)).toEqual(['0:05', '1:05', '1:02:05']);
    const now = new Date('2026-01-02T00:00:00Z');
    expect(formatAge('2026-01-01T23:59:30Z', now)).toBe('30s');
    expect(formatAge('2026-01-01T00:00:00Z', now)).toBe('1d');
    expect(formatAge(null, now)).toBe('-');
  });
});

describe('a disk on the command line', () => {
  it('is a size, an image or a volume, with a bus and limits', () => {
    expect(parseDisk('20G')).toEqual({ size: 20 * 1024 ** 3 });
    expect(parseDisk('image=debian,size=1G,bus=sata')).toEqual({
      image: 'debian',
      size: 1024 ** 3,
      bus: 'sata',
    });
    expect(parseDisk('volume=data,readonly=true,iops=500')).toEqual({
      volume: 'data',
      readOnly: true,
      iopsLimit: 500,
    });
  });

  it('refuses a read-only switch that is neither true nor false, and a key given twice', () => {
    expect(() => parseDisk('volume=data,readonly=yes')).toThrow(/neither true nor false/);
    expect(parseDisk('volume=data,readonly=false').readOnly).toBe(false);
    expect(() => parseDisk('20G,size=30G')).toThrow(/given twice/);
  });

  it.each(['', 'bus=sata', 'image=a,volume=b', 'volume=a,size=1G', 'size=1G,colour=red', '1G,2G'])(
    'refuses %j',
    (text) => {
      expect(() => parseDisk(text)).toThrow();
    },
  );

  it('has a bus that exists', () => {
    expect(() => parseDisk('1G,bus=floppy')).toThrow('is no bus');
  });
});

describe('a network card on the command line', () => {
  it('is plugged into the user network or a bridge', () => {
    expect(parseNic('user')).toEqual({ network: { kind: 'user' } });
    expect(parseNic('bridge=br0,model=e1000,mac=52:54:00:AA:00:01')).toEqual({
      network: { kind: 'bridge', bridge: 'br0' },
      model: 'e1000',
      mac: '52:54:00:aa:00:01',
    });
  });

  it.each(['', 'lan', 'user,bridge=br0', 'user,mac=01:00:00:00:00:00'])('refuses %j', (text) => {
    expect(() => parseNic(text)).toThrow();
  });
});

describe('a server on the command line', () => {
  it.each([
    ['node1', 'https://node1:8443'],
    ['node1:9000', 'https://node1:9000'],
    ['https://node1', 'https://node1:8443'],
    ['https://node1:443/', 'https://node1:443'],
    ['[2001:db8::1]', 'https://[2001:db8::1]:8443'],
  ])('%s is %s', (text, url) => {
    expect(serverUrlOf(text)).toBe(url);
  });

  it.each(['http://node1', 'node1/path', 'https://a:b@node1', '', 'node 1'])(
    'refuses %j',
    (text) => {
      expect(() => serverUrlOf(text)).toThrow('is not a server');
    },
  );

  it('has a fingerprint in any of the usual forms', () => {
    const hex = 'ab'.repeat(32);
    const expected = hex.replace(/(..)(?=.)/g, '$1:');
    for (const text of [hex, expected, expected.toUpperCase(), `SHA256:${hex}`])
      expect(parseFingerprint(text)).toBe(expected);
    expect(() => parseFingerprint('abcd')).toThrow('fingerprint');
  });
});

describe('tables', () => {
  it('align their columns and drop what would steer the terminal', () => {
    const columns = [
      { title: 'NAME', value: (row: [string, string]) => row[0] },
      { title: 'SIZE', value: (row: [string, string]) => row[1], align: 'right' as const },
    ];
    const rows: [string, string][] = [
      ['a', '1 GiB'],
      ['\u001b[31mevil\n', '20 GiB'],
    ];
    expect(tableOf(rows, columns).split('\n')).toEqual([
      'NAME          SIZE',
      'a            1 GiB',
      ' [31mevil   20 GiB',
    ]);
  });

  it('never contain control characters from data', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(clean(text)).not.toMatch(/\p{Cc}/u);
      }),
    );
  });
});

describe('small texts', () => {
  it('show progress as a bar', () => {
    expect(barOf(taskOf())).toBe(
      '[##########--------------]  40%  4 KiB of 10 KiB, 0:12 left  attach',
    );
    const unknown = { percent: null, bytesDone: null, bytesTotal: null, etaSeconds: null };
    expect(barOf(taskOf({ progress: unknown, steps: [] }))).toContain('…  running');
  });

  it('make a name from a path', () => {
    expect(nameOf('/tmp/debian 12 (x64).qcow2')).toBe('debian 12 (x64).qcow2');
    expect(nameOf('/tmp/größe,x.raw')).toBe('gr-e-x.raw');
    expect(() => nameOf('/tmp/---')).toThrow('--name');
  });

  it('complete a path of the API', () => {
    expect(wholePath('vms')).toBe('/api/v1/vms');
    expect(wholePath('/vms?limit=1')).toBe('/api/v1/vms?limit=1');
    expect(wholePath('/api/v1/vms')).toBe('/api/v1/vms');
    expect(wholePath('/readyz')).toBe('/readyz');
  });

  it('say an event in a line', () => {
    const event: CairnEvent = {
      event: 'delete',
      topic: 'vms',
      id: 'x',
      revision: 1,
      at: '2026-01-01T10:20:30.000Z',
    };
    expect(lineOf(event)).toBe('10:20:30  delete        vms       x');
  });
});
