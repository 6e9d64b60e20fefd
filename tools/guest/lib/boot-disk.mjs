// A raw disk image that starts a Linux kernel under BIOS and under UEFI, made without root: an MBR,
// and one FAT partition with SYSLINUX (BIOS) and systemd-boot (UEFI) on the same kernel.
import { execFile } from 'node:child_process';
import { open, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const SECTOR_BYTES = 512;
const PARTITION_START_SECTOR = 2048;
const MBR_CODE_BYTES = 440;
const PARTITION_TYPE_FAT32_LBA = 0x0c;

const COMMAND_LINE = 'console=tty0 console=ttyS0,115200 net.ifnames=0 quiet panic=10';

/**
 * @param {{ image: string, sizeBytes: number, kernel: string, initramfs: string,
 *           packages: string, scratch: string }} options paths; `scratch` is a directory
 */
export async function buildBootDisk({ image, sizeBytes, kernel, initramfs, packages, scratch }) {
  const sectors = Math.floor(sizeBytes / SECTOR_BYTES) - PARTITION_START_SECTOR;
  await rm(image, { force: true });
  await writeFile(image, '');
  await truncate(image, sizeBytes);
  const volume = `${image}@@${PARTITION_START_SECTOR * SECTOR_BYTES}`;
  const geometry = ['-T', String(sectors), '-H', String(PARTITION_START_SECTOR), '-h', '64'];
  await run('mformat', ['-i', volume, '-F', ...geometry, '-s', '32', '-v', 'CAIRN', '::']);
  await copyIn({ volume, kernel, initramfs, packages, scratch });
  const offset = String(PARTITION_START_SECTOR * SECTOR_BYTES);
  await run(join(packages, 'usr/bin/syslinux'), ['--install', '--offset', offset, image]);
  await writeMbr({ image, sectors, packages });
}

async function copyIn({ volume, kernel, initramfs, packages, scratch }) {
  const write = async (name, text) => {
    await writeFile(join(scratch, name), text);
    return join(scratch, name);
  };
  const syslinux = `DEFAULT linux\nPROMPT 0\nTIMEOUT 1\nLABEL linux\n  KERNEL /vmlinuz\n  INITRD /initrd\n  APPEND ${COMMAND_LINE}\n`;
  const entry = `title Cairn demo guest\nlinux /vmlinuz\ninitrd /initrd\noptions ${COMMAND_LINE}\n`;
  const files = [
    [kernel, '::/vmlinuz'],
    [initramfs, '::/initrd'],
    [await write('syslinux.cfg', syslinux), '::/syslinux.cfg'],
    [join(packages, 'usr/lib/systemd/boot/efi/systemd-bootx64.efi'), '::/EFI/BOOT/BOOTX64.EFI'],
    [await write('loader.conf', 'timeout 0\ndefault demo.conf\n'), '::/loader/loader.conf'],
    [await write('demo.conf', entry), '::/loader/entries/demo.conf'],
  ];
  await run('mmd', ['-i', volume, '::/EFI', '::/EFI/BOOT', '::/loader', '::/loader/entries']);
  for (const [from, to] of files) await run('mcopy', ['-i', volume, from, to]);
}

async function writeMbr({ image, sectors, packages }) {
  const mbr = Buffer.alloc(SECTOR_BYTES);
  const code = await readFile(join(packages, 'usr/lib/syslinux/mbr/mbr.bin'));
  code.copy(mbr, 0, 0, MBR_CODE_BYTES);
  const entry = 446;
  mbr[entry] = 0x80; // active
  mbr.fill(0xff, entry + 1, entry + 4); // CHS: use LBA
  mbr[entry + 4] = PARTITION_TYPE_FAT32_LBA;
  mbr.fill(0xff, entry + 5, entry + 8);
  mbr.writeUInt32LE(PARTITION_START_SECTOR, entry + 8);
  mbr.writeUInt32LE(sectors, entry + 12);
  mbr.writeUInt16LE(0xaa55, 510);
  const file = await open(image, 'r+');
  try {
    await file.write(mbr, 0, mbr.length, 0);
  } finally {
    await file.close();
  }
}
