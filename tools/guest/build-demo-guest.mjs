#!/usr/bin/env node
// Builds Cairn's guests from Debian packages, as an ordinary user, without mounts or loop devices.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { buildBootDisk } from './lib/boot-disk.mjs';
import { buildDebianDisk } from './lib/debian-disk.mjs';
import { buildInitramfs, compileGuestProgram } from './lib/initramfs.mjs';
import { unpackPackages } from './lib/packages.mjs';

const run = promisify(execFile);
const here = import.meta.dirname;

const HELP = `usage: node tools/guest/build-demo-guest.mjs --out FILE [options]

  --out FILE       the disk image to write
  --format F       raw (default) or qcow2
  --debian         a full Debian 12 with cloud-init instead of the small guest (minutes)
  --cache DIR      where Debian packages are kept (default ~/.cache/cairn/guest)
  --program FILE   also write the guest's program, which verifies disks on the host
  --json           one line of JSON about the result

The small guest boots under BIOS and UEFI to a shell on the screen and the serial port, takes an
address by DHCP, answers as a guest agent and powers off at the power button.
Needs: apt, dpkg, gcc, mtools; qemu-utils for qcow2; mmdebstrap, fdisk, e2fsprogs for --debian.
`;

const DEMO_DISK_BYTES = 64 * 2 ** 20;
const DEMO_PACKAGES = [
  'linux-image-cloud-amd64',
  'busybox-static',
  'syslinux',
  'syslinux-common',
  'systemd-boot-efi',
];

async function main() {
  const { values } = parseArgs({
    options: {
      out: { type: 'string' },
      format: { type: 'string', default: 'raw' },
      debian: { type: 'boolean', default: false },
      cache: { type: 'string' },
      program: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  if (values.out === undefined) throw new Error('--out FILE is missing (see --help)');
  if (values.format !== 'raw' && values.format !== 'qcow2') {
    throw new Error(`--format is raw or qcow2, not ${values.format}`);
  }
  const started = performance.now();
  const cacheRoot = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  const cache = resolve(values.cache ?? join(cacheRoot, 'cairn/guest'));
  const out = resolve(values.out);
  await mkdir(dirname(out), { recursive: true });
  const scratch = await mkdtemp(join(tmpdir(), 'cairn-guest-'));
  try {
    const raw = join(scratch, 'disk.raw');
    await (values.debian
      ? buildDebianDisk({ image: raw, scratch })
      : buildDemo({ raw, cache, scratch, program: values.program }));
    await deliver({ raw, out, format: values.format });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  const { size } = await stat(out);
  const seconds = Number(((performance.now() - started) / 1000).toFixed(1));
  const result = { path: out, format: values.format, fileBytes: size, seconds };
  process.stdout.write(
    values.json
      ? `${JSON.stringify(result)}\n`
      : `${out}: ${values.format}, ${(size / 2 ** 20).toFixed(0)} MiB, built in ${seconds} s\n`,
  );
}

async function buildDemo({ raw, cache, scratch, program }) {
  const packages = await unpackPackages({ packages: DEMO_PACKAGES, cache });
  const kernel = await newestKernel(packages);
  const guestProgram = join(scratch, 'cairn-guest');
  await compileGuestProgram({ sources: join(here, 'program'), output: guestProgram });
  const archive = await buildInitramfs({
    packages,
    kernelVersion: kernel.version,
    guestProgram,
    tree: join(here, 'root'),
  });
  const initramfs = join(scratch, 'initrd');
  await writeFile(initramfs, archive);
  await buildBootDisk({
    image: raw,
    sizeBytes: DEMO_DISK_BYTES,
    kernel: kernel.path,
    initramfs,
    packages,
    scratch,
  });
  if (program !== undefined) {
    await mkdir(dirname(resolve(program)), { recursive: true });
    await run('cp', ['--', guestProgram, resolve(program)]);
  }
}

async function newestKernel(packages) {
  const names = await readdir(join(packages, 'boot'));
  const kernels = names.filter((name) => name.startsWith('vmlinuz-'));
  const byVersion = new Intl.Collator('en', { numeric: true });
  const name = kernels.sort(byVersion.compare).at(-1);
  if (name === undefined) throw new Error('the kernel package holds no kernel');
  return { version: name.slice('vmlinuz-'.length), path: join(packages, 'boot', name) };
}

/** The image appears under its name only when it is complete. */
async function deliver({ raw, out, format }) {
  const draft = `${out}.part`;
  await rm(draft, { force: true });
  if (format === 'raw') await run('cp', ['--sparse=always', '--', raw, draft]);
  else await run('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', '-c', raw, draft]);
  await rename(draft, out);
}

main().catch((error) => {
  process.stderr.write(`build-demo-guest: ${error.message}\n${error.stderr ?? ''}`);
  process.exitCode = 1;
});
