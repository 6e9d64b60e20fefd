// `qemu-img` on files and volumes, always sandboxed. The input file is passed as a descriptor, so
// the tool needs no right to any directory of ours, and its format is given, never guessed.
import { open } from 'node:fs/promises';
import { z } from 'zod';
import { ProblemError } from '../platform/problem';
import type { MediaFormat } from './media-format';
import { runSandboxed, type SandboxedResult } from './sandboxed-process';

/** An NBD export on a unix socket. */
export interface NbdEndpoint {
  readonly socketPath: string;
  readonly exportName: string;
}

const INSPECT_CPU_SECONDS = 60;
const COPY_CPU_SECONDS = 6 * 3600;

const infoSchema = z.object({
  'virtual-size': z.number().int().min(1),
  format: z.string(),
  'backing-filename': z.string().optional(),
  'full-backing-filename': z.string().optional(),
  encrypted: z.boolean().optional(),
  snapshots: z.array(z.unknown()).optional(),
  'format-specific': z
    .object({ data: z.object({ 'data-file': z.string().optional() }).loose() })
    .loose()
    .optional(),
});

const checkSchema = z.object({
  'check-errors': z.number().optional(),
  corruptions: z.number().optional(),
});

/** The driver that reads a format: an ISO is raw bytes. */
function driverOf(format: MediaFormat): string {
  return format === 'iso' ? 'raw' : format;
}

function fileOptions(format: MediaFormat): string {
  return [
    `driver=${driverOf(format)}`,
    'read-only=on',
    'file.driver=file',
    'file.filename=/proc/self/fd/3',
    'file.locking=off',
  ].join(',');
}

function nbdOptions(endpoint: NbdEndpoint): string {
  const escaped = (text: string): string => text.replaceAll(',', ',,');
  return [
    'driver=raw',
    'file.driver=nbd',
    'file.server.type=unix',
    `file.server.path=${escaped(endpoint.socketPath)}`,
    `file.export=${escaped(endpoint.exportName)}`,
    'file.reconnect-delay=30',
  ].join(',');
}

/** Reads a file's disk size and refuses images that are damaged or refer to other files. */
export async function inspectImage(
  path: string,
  format: MediaFormat,
  signal: AbortSignal,
): Promise<{ virtualSizeBytes: number }> {
  const options = fileOptions(format);
  const info = await onFile(path, ['info', '--output=json', '--image-opts', options], signal);
  if (info.exitCode !== 0) throw unreadable(info);
  const facts = infoSchema.parse(JSON.parse(info.stdout));
  const dataFile = facts['format-specific']?.data['data-file'];
  if (facts['backing-filename'] !== undefined || dataFile !== undefined) {
    throw new ProblemError('media.externalReference', 'The image refers to other files.');
  }
  if (facts.encrypted === true) {
    throw new ProblemError('media.unsupportedFormat', 'The image is encrypted.');
  }
  if (format !== 'raw' && format !== 'iso') await checkImage(path, format, signal);
  return { virtualSizeBytes: facts['virtual-size'] };
}

/** Follows every reference in the image; data that lies beyond the end of the file is found. */
async function checkImage(path: string, format: MediaFormat, signal: AbortSignal): Promise<void> {
  const options = fileOptions(format);
  const check = await onFile(path, ['check', '--output=json', '--image-opts', options], signal);
  const isUnsupported = check.exitCode === 63;
  if (isUnsupported) return;
  const parsed = checkSchema.safeParse(parseJson(check.stdout));
  const damage = parsed.success
    ? (parsed.data.corruptions ?? 0) + (parsed.data['check-errors'] ?? 0)
    : 1;
  if (damage > 0) {
    throw new ProblemError('media.corrupt', 'The image is damaged or truncated.');
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

async function onFile(
  path: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<SandboxedResult> {
  const file = await open(path, 'r');
  try {
    const cpuSecondsMax = INSPECT_CPU_SECONDS;
    return await runSandboxed({
      program: 'qemu-img',
      args,
      inputFd: file.fd,
      cpuSecondsMax,
      signal,
    });
  } finally {
    await file.close();
  }
}

function unreadable(result: SandboxedResult): ProblemError {
  const reason = result.stderr.split('\n')[0]?.replace(/^.*\/proc\/self\/fd\/3'?:?\s*/, '') ?? '';
  return new ProblemError(
    'media.corrupt',
    `The image cannot be read: ${reason || 'no reason given'}`,
  );
}

export interface CopyOptions {
  readonly signal: AbortSignal;
  /** 0 to 1. */
  readonly onProgress: (fraction: number) => void;
}

/** Writes an image file into a fresh volume, which reads as zeroes wherever nothing is written. */
export async function copyFileToVolume(
  source: { readonly path: string; readonly format: MediaFormat },
  target: NbdEndpoint,
  options: CopyOptions,
): Promise<void> {
  const file = await open(source.path, 'r');
  try {
    await convert(fileOptions(source.format), target, options, file.fd);
  } finally {
    await file.close();
  }
}

/** Copies a volume into a fresh one of at least its size. */
export async function copyVolume(
  source: NbdEndpoint,
  target: NbdEndpoint,
  options: CopyOptions,
): Promise<void> {
  await convert(`${nbdOptions(source)},read-only=on`, target, options);
}

async function convert(
  sourceOptions: string,
  target: NbdEndpoint,
  options: CopyOptions,
  inputFd?: number,
): Promise<void> {
  const result = await runSandboxed({
    program: 'qemu-img',
    args: [
      ...['convert', '-p', '-n', '--target-is-zero', '-W', '-m', '8', '-t', 'none'],
      ...['--image-opts', sourceOptions, '--target-image-opts', nbdOptions(target)],
    ],
    ...(inputFd === undefined ? {} : { inputFd }),
    cpuSecondsMax: COPY_CPU_SECONDS,
    signal: options.signal,
    onOutput: (text) => {
      const last = [...text.matchAll(/\(([\d.]+)\/100%\)/g)].at(-1)?.[1];
      if (last !== undefined) options.onProgress(Number(last) / 100);
    },
  });
  if (options.signal.aborted) throw new ProblemError('task.cancelled', 'The copy was cancelled.');
  if (result.exitCode === 0) return;
  const reason = result.stderr.trim().split('\n').at(-1) ?? '';
  throw new ProblemError('storage.unavailable', `The copy into the volume failed: ${reason}`);
}
