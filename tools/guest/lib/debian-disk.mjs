// A full Debian 12 with systemd, cloud-init, guest agent and SSH as a UEFI disk image, made by
// mmdebstrap, mtools and mke2fs: no root file system is ever mounted.
import { execFile } from 'node:child_process';
import { mkdir, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const MIB = 2 ** 20;
const DISK_BYTES = 2048 * MIB;
const ESP_MIB = 128;
const INCLUDE = [
  'linux-image-cloud-amd64',
  'systemd-sysv',
  'systemd-boot-efi',
  'dbus',
  'udev',
  'ifupdown',
  'netplan.io',
  'systemd-resolved',
  'cloud-init',
  'cloud-guest-utils',
  'openssh-server',
  'sudo',
  'qemu-guest-agent',
  'iproute2',
  'iputils-ping',
  'ca-certificates',
];
const COMMAND_LINE = 'root=LABEL=root ro console=tty0 console=ttyS0,115200 net.ifnames=0';

/** @param {{ image: string, scratch: string }} options */
export async function buildDebianDisk({ image, scratch }) {
  const archive = join(scratch, 'root.tar');
  await bootstrap(archive);
  const root = join(scratch, 'root');
  await mkdir(root);
  await run('tar', ['-xf', archive, '-C', root]);
  await rm(archive);
  const esp = await buildEsp({ root, scratch });
  await assemble({ image, root, esp });
}

async function bootstrap(archive) {
  const hooks = [
    'echo "LABEL=root / ext4 rw,errors=remount-ro 0 1" >"$1/etc/fstab"',
    'echo debian >"$1/etc/hostname"',
    'echo "datasource_list: [ NoCloud, None ]" >"$1/etc/cloud/cloud.cfg.d/90_cairn.cfg"',
    'rm -f "$1"/etc/ssh/ssh_host_*',
    ': >"$1/etc/machine-id"',
  ];
  const paths = ['/usr/share/man/*', '/usr/share/doc/*', '/usr/share/locale/*'];
  await run(
    'mmdebstrap',
    [
      '--quiet',
      '--variant=minbase',
      `--include=${INCLUDE.join(',')}`,
      ...paths.map((path) => `--dpkgopt=path-exclude=${path}`),
      ...hooks.map((hook) => `--customize-hook=${hook}`),
      'bookworm',
      archive,
    ],
    { maxBuffer: 64 * MIB },
  );
}

async function buildEsp({ root, scratch }) {
  const esp = join(scratch, 'esp.img');
  const boot = join(root, 'boot');
  const names = await readdir(boot);
  const kernel = names.find((name) => name.startsWith('vmlinuz-'));
  const initrd = names.find((name) => name.startsWith('initrd.img-'));
  if (kernel === undefined || initrd === undefined) throw new Error('the system has no kernel');
  await writeFile(join(scratch, 'loader.conf'), 'timeout 0\ndefault debian.conf\n');
  await writeFile(
    join(scratch, 'debian.conf'),
    `title Debian\nlinux /vmlinuz\ninitrd /initrd\noptions ${COMMAND_LINE}\n`,
  );
  await writeFile(esp, '');
  await truncate(esp, ESP_MIB * MIB);
  await run('mformat', ['-i', esp, '-F', '-v', 'ESP', '::']);
  await run('mmd', ['-i', esp, '::/EFI', '::/EFI/BOOT', '::/loader', '::/loader/entries']);
  const systemdBoot = join(root, 'usr/lib/systemd/boot/efi/systemd-bootx64.efi');
  for (const [from, to] of [
    [systemdBoot, '::/EFI/BOOT/BOOTX64.EFI'],
    [join(boot, kernel), '::/vmlinuz'],
    [join(boot, initrd), '::/initrd'],
    [join(scratch, 'loader.conf'), '::/loader/loader.conf'],
    [join(scratch, 'debian.conf'), '::/loader/entries/debian.conf'],
  ]) {
    await run('mcopy', ['-i', esp, from, to]);
  }
  return esp;
}

/** GPT with the ESP at 1 MiB and the root file system after it, filled from the directory. */
async function assemble({ image, root, esp }) {
  const layout = `label: gpt
start=1MiB,size=${ESP_MIB}MiB,type=U
start=${ESP_MIB + 1}MiB,type=L
`;
  await writeFile(image, '');
  await truncate(image, DISK_BYTES);
  await withInput(['sfdisk', '--quiet', image], layout);
  await run('dd', [
    `if=${esp}`,
    `of=${image}`,
    'bs=1M',
    'seek=1',
    'conv=notrunc,sparse',
    'status=none',
  ]);
  const offset = (ESP_MIB + 1) * MIB;
  const rootKib = (DISK_BYTES - offset - MIB) / 1024;
  await run('mke2fs', [
    '-q',
    '-t',
    'ext4',
    '-L',
    'root',
    '-d',
    root,
    '-E',
    `offset=${offset},lazy_itable_init=1,nodiscard`,
    image,
    `${rootKib}k`,
  ]);
}

async function withInput([program, ...parameters], input) {
  const child = run(program, parameters);
  child.child.stdin.end(input);
  await child;
}
