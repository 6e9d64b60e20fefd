/** Importing disk images and ISOs: what is taken, what is refused, and that nothing stays behind. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { unwrap } from '@cairn/api-client';
import { problemSchema } from '@cairn/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deleteImage, getImage, sha256Of, uploadImage, uploadIso } from '../harness/resources';
import { system } from '../harness/shared';
import { engineVolumeCount, withVolume } from '../harness/storage-control';

const execute = promisify(execFile);
const MIB = 1024 * 1024;
/** Not a multiple of the tools' buffer sizes, and with holes. */
const DISK_BYTES = 24 * MIB;

describe('importing an image', () => {
  let directory: string;
  let raw: string;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'cairn-import-'));
    raw = join(directory, 'disk.raw');
    const disk = Buffer.alloc(DISK_BYTES);
    randomBytes(3 * MIB).copy(disk, 0);
    randomBytes(2 * MIB + 512).copy(disk, 11 * MIB);
    // A boot sector with an empty partition table: a raw disk has no other mark of its own.
    disk.fill(0, 446, 510);
    disk.writeUInt16LE(0xaa55, 510);
    writeFileSync(raw, disk);
  });

  afterAll(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  async function convert(format: string): Promise<string> {
    const file = join(directory, `disk.${format}`);
    await execute('qemu-img', ['convert', '-O', format, raw, file]);
    return file;
  }

  /** What a refused import must not leave: volumes, staged files, running tasks. */
  async function traces(): Promise<{ readonly volumes: number; readonly staged: number }> {
    const staged = readdirSync(join(system().address.stateDir, 'images'), { recursive: true });
    return { volumes: await engineVolumeCount(system()), staged: staged.length };
  }

  it.each(['raw', 'qcow2', 'vmdk', 'vhdx'])('takes a %s image, bit for bit', async (format) => {
    const file = format === 'raw' ? raw : await convert(format);
    const { imageId, task } = await uploadImage(system(), file, `import-${format}`);
    expect(task.error).toBeNull();
    const image = await getImage(system(), imageId);
    expect(image.status).toMatchObject({ state: 'ready', format, virtualSizeBytes: DISK_BYTES });
    expect(image.checksum).toBe(`sha256:${await sha256Of(file)}`);
    const compared = await withVolume(system(), image.status.volumeId ?? '', ({ url }) =>
      execute('qemu-img', ['compare', '-f', 'raw', '-F', 'raw', raw, url]),
    );
    expect(compared.stdout).toContain('Images are identical');
    await deleteImage(system(), imageId);
  });

  it('takes a disk of a TiB that is mostly holes, with what is at its end', async () => {
    const file = join(directory, 'large.qcow2');
    const sizeBytes = 2 ** 40;
    await execute('qemu-img', ['create', '-f', 'qcow2', file, String(sizeBytes)]);
    const writes = [0, sizeBytes / 2, sizeBytes - MIB].flatMap((offset, index) => [
      '-c',
      `write -P ${index + 0x51} ${offset} ${MIB}`,
    ]);
    await execute('qemu-io', ['-f', 'qcow2', ...writes, file]);
    const { imageId, task } = await uploadImage(system(), file, 'large');
    expect(task.error).toBeNull();
    const image = await getImage(system(), imageId);
    expect(image.status).toMatchObject({ state: 'ready', virtualSizeBytes: sizeBytes });
    const compared = await withVolume(system(), image.status.volumeId ?? '', ({ url }) =>
      execute('qemu-img', ['compare', '-f', 'qcow2', '-F', 'raw', file, url]),
    );
    expect(compared.stdout).toContain('Images are identical');
    await deleteImage(system(), imageId);
  });

  it.each(['images', 'isos'])(
    'refuses %s of more than 16 TiB by their size alone',
    async (kind) => {
      const codeOf = async (sizeBytes: number): Promise<unknown> => {
        const json = { name: 'huge', sizeBytes };
        const answer = await system().send('POST', `/api/v1/${kind}`, { json });
        const said = problemSchema.parse(await answer.json());
        return { code: said.code, path: said.errors[0]?.path };
      };
      expect(await codeOf(16 * 2 ** 40 + 1)).toEqual({
        code: 'request.invalid',
        path: 'sizeBytes',
      });
      // As large as is allowed, it is the node's disk that is too small.
      expect(await codeOf(16 * 2 ** 40)).toEqual({ code: 'storage.full', path: undefined });
    },
  );

  it('takes an ISO', async () => {
    const content = join(directory, 'content');
    await execute('mkdir', ['-p', content]);
    writeFileSync(join(content, 'readme.txt'), randomBytes(MIB));
    const file = join(directory, 'disc.iso');
    await execute('xorriso', ['-as', 'mkisofs', '-quiet', '-o', file, content]);
    const { isoId, task } = await uploadIso(system(), file, 'import.iso');
    expect(task.error).toBeNull();
    const { client } = system();
    const path = { isoId };
    const iso = unwrap(await client.GET('/api/v1/isos/{isoId}', { params: { path } }));
    expect(iso.status.state).toBe('ready');
    await client.DELETE('/api/v1/isos/{isoId}', {
      params: { path },
      headers: { Prefer: 'wait=30' },
    });
  });

  interface Refusal {
    readonly what: string;
    readonly make: (file: string) => Promise<void>;
    readonly code: string;
  }

  const REFUSALS: readonly Refusal[] = [
    {
      what: 'a file of garbage',
      make: async (file) => {
        writeFileSync(file, Buffer.concat([Buffer.alloc(512, 'not a disk '), randomBytes(MIB)]));
      },
      code: 'media.unsupportedFormat',
    },
    {
      what: 'a qcow2 that names a backing file',
      make: async (file) => {
        await execute('qemu-img', [
          'create',
          '-f',
          'qcow2',
          '-b',
          '/etc/passwd',
          '-F',
          'raw',
          file,
        ]);
      },
      code: 'media.externalReference',
    },
    {
      what: 'a qcow2 that names a data file',
      make: async (file) => {
        const options = `data_file=${join(directory, 'outside.raw')},data_file_raw=on`;
        await execute('qemu-img', ['create', '-f', 'qcow2', '-o', options, file, '8M']);
      },
      code: 'media.externalReference',
    },
    {
      what: 'a vmdk whose extent is another file',
      make: async (file) => {
        const lines = ['# Disk DescriptorFile', 'version=1', 'CID=fffffffe', 'parentCID=ffffffff'];
        const extent = 'RW 8 FLAT "/etc/passwd" 0';
        writeFileSync(file, [...lines, 'createType="monolithicFlat"', extent, ''].join('\n'));
      },
      code: 'media.',
    },
    {
      what: 'a truncated qcow2',
      make: async (file) => {
        await execute('qemu-img', ['convert', '-O', 'qcow2', raw, file]);
        truncateSync(file, MIB);
      },
      code: 'media.corrupt',
    },
    {
      what: 'a qcow2 of nothing but its magic',
      make: async (file) => {
        writeFileSync(file, Buffer.concat([Buffer.from('QFI\xfb', 'latin1'), randomBytes(4096)]));
      },
      code: 'media.',
    },
  ];

  it.each(REFUSALS)('refuses $what and leaves nothing behind', async ({ make, code }) => {
    const before = await traces();
    const file = join(directory, 'refused.img');
    rmSync(file, { force: true });
    await make(file);
    const { imageId, task } = await uploadImage(system(), file, 'refused');
    expect(task.state).toBe('failed');
    expect(task.error?.code).toContain(code);
    expect(task.error?.message).not.toContain(system().address.stateDir);
    const image = await getImage(system(), imageId);
    expect(image.status.state).toBe('failed');
    expect(await traces()).toEqual(before);
    await deleteImage(system(), imageId);
  });

  it('refuses a file without the checksum that was demanded', async () => {
    const { client } = system();
    const before = await traces();
    const body = { name: 'wrong', sizeBytes: 4096, checksum: `sha256:${'0'.repeat(64)}` };
    const image = unwrap(await client.POST('/api/v1/images', { body }));
    const answer = await client.raw(`/api/v1/images/${image.id}/data`, {
      method: 'PUT',
      headers: { 'content-range': 'bytes 0-4095/4096', 'content-type': 'application/octet-stream' },
      body: new Uint8Array(4096),
    });
    const { id } = (await answer.json()) as { id: string };
    const task = await client.GET('/api/v1/tasks/{taskId}', {
      params: { path: { taskId: id }, query: { waitSeconds: 30 } },
    });
    expect(unwrap(task).error?.code).toBe('media.checksumMismatch');
    expect(await traces()).toEqual(before);
    await deleteImage(system(), image.id);
  });

  it('goes on with an interrupted upload where it was', async () => {
    const { client } = system();
    const body = { name: 'resumed', sizeBytes: DISK_BYTES };
    const image = unwrap(await client.POST('/api/v1/images', { body }));
    const bytes = new Uint8Array(MIB);
    const part = (start: number): Promise<Response> =>
      system().send('PUT', `/api/v1/images/${image.id}/data`, {
        body: bytes,
        headers: {
          'content-type': 'application/octet-stream',
          'content-range': `bytes ${start}-${start + MIB - 1}/${DISK_BYTES}`,
        },
      });
    expect((await part(0)).status).toBe(200);
    expect((await part(5 * MIB)).status).toBe(409);
    const { status } = await getImage(system(), image.id);
    expect(status.upload).toEqual({ receivedBytes: MIB, sizeBytes: DISK_BYTES });
    expect((await part(MIB)).status).toBe(200);
    await deleteImage(system(), image.id);
  });

  it('refuses to download from places of the node itself', async () => {
    for (const url of ['file:///etc/passwd', 'http://127.0.0.1:2379/version', 'ftp://x/y']) {
      const answer = await system().send('POST', '/api/v1/images/actions/import-url', {
        json: { name: 'stolen', url },
        headers: { prefer: 'wait=20' },
      });
      const said = (await answer.json()) as { code?: string; error?: { code: string } };
      expect(said.code ?? said.error?.code).toMatch(/^(request\.invalid|media\.urlRefused)$/);
    }
  });
});
