/** Sizes, times and shares as people write and read them. */
import { UsageError } from './exit';

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

const FACTORS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
  t: 1024 ** 4,
};

const MIB = 1024 ** 2;

/**
 * `20G`, `512MiB`, `1.5T` or a plain count of bytes; the units are powers of 1024. A fraction is rounded up to a whole MiB,
 * which every size of the API accepts. Throws `UsageError`.
 */
export function parseSize(text: string): number {
  const match = /^(\d{1,16})(\.\d{1,6})?\s*([bkmgt]?)(?:i?b)?$/i.exec(text.trim());
  const factor = FACTORS[match?.[3]?.toLowerCase() ?? '?'] ?? NaN;
  const exact = Number(`${match?.[1] ?? ''}${match?.[2] ?? ''}`) * factor;
  const bytes = match?.[2] !== undefined && factor >= MIB ? Math.ceil(exact / MIB) * MIB : exact;
  if (!Number.isSafeInteger(bytes))
    throw new UsageError(`"${text}" is not a size. Write for example 512M, 20G or 1.5T.`);
  return bytes;
}

/** `1.5 GiB`; three digits are enough for a table. */
export function formatSize(bytes: number | null): string {
  if (bytes === null) return '-';
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 || Number.isInteger(value) ? 0 : 1;
  return `${value.toFixed(digits)} ${UNITS[unit] ?? ''}`;
}

export function formatRatio(ratio: number | null): string {
  return ratio === null ? '-' : `${Math.round(ratio * 100)}%`;
}

/** `1:02:03`, or `2:03` below an hour. */
export function formatSeconds(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const shown = parts[0] === 0 ? parts.slice(1) : parts;
  return shown
    .map((part, index) => (index === 0 ? String(part) : `${part}`.padStart(2, '0')))
    .join(':');
}

/** `3d`, `5h`, `12m`, `4s`: the largest unit of the time that has passed. */
export function formatAge(since: string | null, now: Date): string {
  if (since === null) return '-';
  const seconds = Math.max(0, Math.floor((now.getTime() - Date.parse(since)) / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

/** A whole number from the command line. Throws `UsageError`. */
export function parseCount(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new UsageError(`"${text}" is not a whole number.`);
  return Number(text);
}
