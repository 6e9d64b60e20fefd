import { describe, expect, it } from 'vitest';

import {
  formatBytes,
  formatBytesPerSecond,
  formatCount,
  formatDurationSeconds,
  formatLatencySeconds,
  formatRatio,
  formatRelativeTime,
  parseBytes,
  pluralize,
} from './format';

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [1023, '1 KiB'],
    [1536, '1.5 KiB'],
    [20 * 2 ** 30, '20 GiB'],
    [1000 * 2 ** 30, '0.98 TiB'],
    [129.4 * 2 ** 20, '129 MiB'],
    [-2048, '-2 KiB'],
    [Number.NaN, '–'],
  ])('writes %d as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it('writes a rate with its second', () => {
    expect(formatBytesPerSecond(2 ** 20)).toBe('1 MiB/s');
  });
});

describe('other quantities', () => {
  it('keeps a small share visible instead of rounding it to nothing', () => {
    expect(formatRatio(0.004)).toBe('0.4 %');
    expect(formatRatio(0.42)).toBe('42 %');
    expect(formatRatio(0)).toBe('0 %');
  });

  it('chooses the unit of a latency by its size', () => {
    expect(formatLatencySeconds(0.000412)).toBe('412 µs');
    expect(formatLatencySeconds(0.0125)).toBe('12.5 ms');
    expect(formatLatencySeconds(2)).toBe('2 s');
  });

  it('writes the two largest units of a duration', () => {
    expect(formatDurationSeconds(42)).toBe('42 s');
    expect(formatDurationSeconds(3725)).toBe('1 h 2 min');
    expect(formatDurationSeconds(2 * 86_400)).toBe('2 d');
    expect(formatDurationSeconds(-1)).toBe('–');
  });

  it('says how long ago, and how far ahead', () => {
    const nowMs = Date.parse('2026-11-21T12:00:00Z');
    expect(formatRelativeTime({ iso: '2026-11-21T11:59:58Z', nowMs })).toBe('just now');
    expect(formatRelativeTime({ iso: '2026-11-21T11:56:00Z', nowMs })).toBe('4 min ago');
    expect(formatRelativeTime({ iso: '2026-11-21T14:00:00Z', nowMs })).toBe('in 2 h');
    expect(formatRelativeTime({ iso: 'nonsense', nowMs })).toBe('–');
  });

  it('shortens large counts', () => {
    expect(formatCount(999)).toBe('999');
    expect(formatCount(15_300)).toBe('15.3 k');
    expect(pluralize(1, 'disk')).toBe('1 disk');
    expect(pluralize(3, 'disk')).toBe('3 disks');
  });
});

describe('parseBytes', () => {
  it('reads sizes the way operators type them', () => {
    expect(parseBytes('20 GiB')).toBe(20 * 2 ** 30);
    expect(parseBytes('512M')).toBe(512 * 2 ** 20);
    expect(parseBytes('1.5 tb')).toBe(1.5 * 2 ** 40);
    expect(parseBytes('10')).toBe(10 * 2 ** 30);
    expect(parseBytes('4096', 'B')).toBe(4096);
    expect(parseBytes('64B')).toBe(64);
  });

  it('refuses what is not a size', () => {
    expect(parseBytes('')).toBeNull();
    expect(parseBytes('-1')).toBeNull();
    expect(parseBytes('ten')).toBeNull();
    expect(parseBytes('99999999 PiB')).toBeNull();
  });
});
