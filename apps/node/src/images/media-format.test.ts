import { describe, expect, it } from 'vitest';
import { ProblemError } from '../platform/problem';
import { probeMedia, type MediaBytes } from './media-format';

function bytesOf(content: Buffer, sizeBytes = content.length): MediaBytes {
  return {
    sizeBytes,
    read: async (offset, length) => Promise.resolve(content.subarray(offset, offset + length)),
  };
}

async function codeOf(content: Buffer, sizeBytes?: number): Promise<string> {
  try {
    return await probeMedia(bytesOf(content, sizeBytes));
  } catch (error) {
    if (error instanceof ProblemError) return error.code;
    throw error;
  }
}

function qcow2(change: (header: Buffer) => void = () => undefined): Buffer {
  const header = Buffer.alloc(4096);
  header.writeUInt32BE(0x514649fb, 0);
  header.writeUInt32BE(3, 4);
  header.writeUInt32BE(16, 20);
  header.writeUInt32BE(1, 36);
  header.writeBigUInt64BE(1024n, 40);
  change(header);
  return header;
}

function vmdk(descriptor: string): Buffer {
  const file = Buffer.alloc(64 * 1024);
  file.write('KDMV', 0, 'latin1');
  file.writeBigUInt64LE(2048n, 12);
  file.writeBigUInt64LE(1n, 28);
  file.writeBigUInt64LE(20n, 36);
  file.write(descriptor, 512, 'latin1');
  return file;
}

const OWN_EXTENT =
  'createType="monolithicSparse"\nparentCID=ffffffff\nRW 2048 SPARSE "disk.vmdk"\n';

function iso(volumeSectors: number): Buffer {
  const file = Buffer.alloc(0x8000 + 4096);
  file[0x8000] = 1;
  file.write('CD001', 0x8001, 'latin1');
  file.writeUInt32LE(volumeSectors, 0x8000 + 80);
  return file;
}

function mbr(endSector: number): Buffer {
  const disk = Buffer.alloc(4096);
  disk[446] = 0x80;
  disk[450] = 0x83;
  disk.writeUInt32LE(1, 454);
  disk.writeUInt32LE(endSector - 1, 458);
  disk.writeUInt16LE(0xaa55, 510);
  return disk;
}

describe('the probe of a medium', () => {
  it('knows qcow2, VMDK, VHDX, ISO and raw disks by their bytes', async () => {
    expect(await codeOf(qcow2())).toBe('qcow2');
    expect(await codeOf(vmdk(OWN_EXTENT))).toBe('vmdk');
    const vhdx = Buffer.alloc(256 * 1024);
    vhdx.write('vhdxfile', 0, 'latin1');
    vhdx.write('regi', 192 * 1024, 'latin1');
    expect(await codeOf(vhdx)).toBe('vhdx');
    expect(await codeOf(iso(2))).toBe('iso');
    expect(await codeOf(mbr(8))).toBe('raw');
  });

  it('refuses a qcow2 with a backing file or a data file', async () => {
    const backing = qcow2((header) => header.writeBigUInt64BE(512n, 8));
    expect(await codeOf(backing)).toBe('media.externalReference');
    const dataFile = qcow2((header) => header.writeBigUInt64BE(4n, 72));
    expect(await codeOf(dataFile)).toBe('media.externalReference');
  });

  it('refuses a qcow2 that is encrypted, corrupt, dirty or has snapshots', async () => {
    expect(await codeOf(qcow2((header) => header.writeUInt32BE(1, 32)))).toBe(
      'media.unsupportedFormat',
    );
    expect(await codeOf(qcow2((header) => header.writeUInt32BE(1, 60)))).toBe(
      'media.unsupportedFormat',
    );
    for (const bit of [1n, 2n]) {
      expect(await codeOf(qcow2((header) => header.writeBigUInt64BE(bit, 72)))).toBe(
        'media.corrupt',
      );
    }
  });

  it('refuses a VMDK whose descriptor names another file', async () => {
    const flat = 'createType="monolithicFlat"\nRW 2048 FLAT "/etc/passwd" 0\n';
    expect(await codeOf(vmdk(flat))).toBe('media.externalReference');
    const second = `${OWN_EXTENT}RW 2048 FLAT "/etc/passwd" 0\n`;
    expect(await codeOf(vmdk(second))).toBe('media.externalReference');
    const child = OWN_EXTENT.replace('ffffffff', '12345678');
    expect(await codeOf(vmdk(child))).toBe('media.externalReference');
  });

  it('finds truncation before anything is converted', async () => {
    expect(await codeOf(iso(1000))).toBe('media.corrupt');
    expect(await codeOf(mbr(100_000))).toBe('media.corrupt');
    const farL1 = qcow2((header) => header.writeBigUInt64BE(1n << 40n, 40));
    expect(await codeOf(farL1)).toBe('media.corrupt');
  });

  it('says what a file is that people upload by mistake', async () => {
    const gzip = Buffer.alloc(1024);
    gzip.writeUInt16BE(0x1f8b, 0);
    await expect(probeMedia(bytesOf(gzip))).rejects.toThrow('gzip');
    expect(await codeOf(Buffer.alloc(4096))).toBe('media.unsupportedFormat');
    expect(await codeOf(Buffer.from('short'))).toBe('media.unsupportedFormat');
  });
});
