/** Pure formatting of quantities for people. Sizes are binary (1 GiB = 2^30), rates per second. */

const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** 1536 -> "1.5 KiB". Three significant digits, never scientific notation. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return '–';
  let value = Math.abs(bytes);
  let unit = 0;
  while (value >= 1024 && unit < byteUnits.length - 1) {
    value /= 1024;
    unit += 1;
  }
  if (value >= 999.5 && unit < byteUnits.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const sign = bytes < 0 ? '-' : '';
  return `${sign}${significant(value, unit === 0)} ${byteUnits[unit] ?? 'B'}`;
}

/** 2_500_000 -> "2.38 MiB/s". */
export function formatBytesPerSecond(rate: number): string {
  return Number.isFinite(rate) ? `${formatBytes(rate)}/s` : '–';
}

/** 15300 -> "15.3 k"; counts without a unit. */
export function formatCount(count: number): string {
  if (!Number.isFinite(count)) return '–';
  if (Math.abs(count) < 1000) return significant(count, Number.isInteger(count));
  if (Math.abs(count) < 1e6) return `${significant(count / 1000, false)} k`;
  return `${significant(count / 1e6, false)} M`;
}

/** 0.4237 -> "42 %", 0.004 -> "0.4 %". */
export function formatRatio(ratio: number): string {
  if (!Number.isFinite(ratio)) return '–';
  const percent = ratio * 100;
  if (percent !== 0 && Math.abs(percent) < 9.95) return `${percent.toFixed(1)} %`;
  return `${Math.round(percent)} %`;
}

/** 0.000412 s -> "412 µs"; for latencies. */
export function formatLatencySeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  if (seconds === 0) return '0 ms';
  if (seconds < 0.001) return `${significant(seconds * 1e6, false)} µs`;
  if (seconds < 1) return `${significant(seconds * 1000, false)} ms`;
  return `${significant(seconds, false)} s`;
}

/** 3725 -> "1 h 2 min"; the two largest units. */
export function formatDurationSeconds(totalSeconds: number): string {
  if (!Number.isFinite(totalSeconds) || totalSeconds < 0) return '–';
  const seconds = Math.round(totalSeconds);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return joinUnits([minutes, 'min'], [seconds % 60, 's']);
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return joinUnits([hours, 'h'], [minutes % 60, 'min']);
  return joinUnits([Math.floor(hours / 24), 'd'], [hours % 24, 'h']);
}

/** "just now", "4 min ago", "in 2 h", for a time relative to `nowMs`. */
export function formatRelativeTime(options: { iso: string; nowMs: number }): string {
  const atMs = Date.parse(options.iso);
  if (Number.isNaN(atMs)) return '–';
  const deltaSeconds = (options.nowMs - atMs) / 1000;
  if (Math.abs(deltaSeconds) < 5) return 'just now';
  const text = coarseDuration(Math.abs(deltaSeconds));
  return deltaSeconds > 0 ? `${text} ago` : `in ${text}`;
}

/** The local time with the zone left to the reader's clock: "21 Nov 2026, 13:04:05". */
export function formatDateTime(iso: string): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return '–';
  return at.toLocaleString(undefined, {
    day: '2-digit',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hour12: false,
  });
}

/**
 * Reads "20 GiB", "512M", "1.5 tb" (binary, like qemu-img); null when it is not a size. A number
 * without a unit counts in `defaultUnit`.
 */
export function parseBytes(text: string, defaultUnit: 'B' | 'MiB' | 'GiB' = 'GiB'): number | null {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([kmgtp]?)(i?b?)\s*$/i.exec(text);
  if (!match) return null;
  const [, digits = '', prefix = '', suffix = ''] = match;
  const bare = prefix === '' && suffix === '';
  const letter = bare ? defaultUnit.charAt(0).toLowerCase() : prefix.toLowerCase();
  const power = letter === '' || letter === 'b' ? 0 : 'kmgtp'.indexOf(letter) + 1;
  const bytes = Math.round(Number(digits) * 1024 ** power);
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** "1 disk", "3 disks". */
export function pluralize(count: number, singular: string, plural = `${singular}s`): string {
  return `${count} ${count === 1 ? singular : plural}`;
}

function significant(value: number, whole: boolean): string {
  if (whole) return String(Math.round(value));
  const magnitude = Math.abs(value);
  const digits = magnitude >= 99.95 ? 0 : magnitude >= 9.995 ? 1 : 2;
  return Number(value.toFixed(digits)).toString();
}

function joinUnits(major: readonly [number, string], minor: readonly [number, string]): string {
  const head = `${major[0]} ${major[1]}`;
  return minor[0] === 0 ? head : `${head} ${minor[0]} ${minor[1]}`;
}

function coarseDuration(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.round(seconds / 3600)} h`;
  return pluralize(Math.round(seconds / 86_400), 'day');
}
