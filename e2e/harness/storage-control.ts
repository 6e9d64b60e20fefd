/** The control API of cairn-storage, for tests that look at the bytes of a volume. */
import { request } from 'node:http';
import { join } from 'node:path';
import { storageAttachmentSchema, storageVolumeListSchema } from '@cairn/contracts';
import { unwrap } from '@cairn/api-client';
import type { System } from './system';

const TIMEOUT_MS = 30_000;

/** One request to the daemon; rejects unless it succeeded. */
export async function controlRequest(
  system: System,
  method: string,
  path: string,
  body?: unknown,
): Promise<unknown> {
  const socketPath = join(system.address.runDir, 'storage.sock');
  const text = body === undefined ? '' : JSON.stringify(body);
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const outgoing = request({ socketPath, method, path, headers, signal }, (answer) => {
      let said = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
      answer.once('end', () => {
        if ((answer.statusCode ?? 500) < 300) resolve(said === '' ? undefined : JSON.parse(said));
        else reject(new Error(`${method} ${path}: ${said}`));
      });
    });
    outgoing.once('error', reject);
    outgoing.end(text);
  });
}

/** How many volumes the engine holds. */
export async function engineVolumeCount(system: System): Promise<number> {
  const list = storageVolumeListSchema.parse(await controlRequest(system, 'GET', '/v1/volumes'));
  return list.items.length;
}

/** Where an attached volume is served. */
export interface VolumeAddress {
  readonly socketPath: string;
  readonly exportName: string;
  /** For QEMU's tools and fio. */
  readonly url: string;
}

/** Attaches a volume, read-only unless asked otherwise, calls `use` with its address, and detaches it. */
export async function withVolume<Result>(
  system: System,
  volumeId: string,
  use: (address: VolumeAddress) => Promise<Result>,
  { readOnly = true } = {},
): Promise<Result> {
  const volume = unwrap(
    await system.client.GET('/api/v1/volumes/{volumeId}', { params: { path: { volumeId } } }),
  );
  const engineId = volume.status.engineId ?? '';
  const { socketPath, exportName } = storageAttachmentSchema.parse(
    await controlRequest(system, 'POST', `/v1/volumes/${engineId}/attach`, { readOnly }),
  );
  const url = `nbd+unix:///${exportName}?socket=${socketPath}`;
  try {
    return await use({ socketPath, exportName, url });
  } finally {
    await controlRequest(system, 'POST', `/v1/volumes/${engineId}/detach`);
  }
}
