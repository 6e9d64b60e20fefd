// Cloud-init: how the form becomes NoCloud files, how it is kept, how it is shown. Pure.
// A password is kept as the text that the guest needs and never shown again.
import { cloudInitInputSchema, type CloudInit, type CloudInitInput } from '@cairn/contracts';
import type { VmRow } from '@cairn/persistence';
import type { VmSpecInput } from '@cairn/vm-runtime';

export function cloudInitOf(vm: VmRow): CloudInitInput | null {
  return vm.cloudInit === null ? null : cloudInitInputSchema.parse(vm.cloudInit);
}

/** What clients see. */
export function cloudInitViewOf(vm: VmRow): CloudInit | null {
  const input = cloudInitOf(vm);
  if (input === null) return null;
  if (input.kind === 'text') return input;
  return {
    kind: 'form',
    hostname: input.hostname ?? null,
    userName: input.userName ?? null,
    sshAuthorizedKeys: input.sshAuthorizedKeys,
    hasPassword: input.password !== undefined,
  };
}

function hostNameFrom(name: string): string {
  const safe = name.replaceAll(/[^A-Za-z0-9-]+/g, '-').replaceAll(/^-+|-+$/g, '');
  return safe.slice(0, 63).replace(/-+$/, '') || 'vm';
}

/** Every JSON document is a YAML document: quoting needs no rules of its own. */
function formUserData(input: Extract<CloudInitInput, { kind: 'form' }>, hostname: string): string {
  const { password, sshAuthorizedKeys } = input;
  const config = {
    hostname,
    preserve_hostname: false,
    users: [
      ...(input.userName === undefined ? ['default'] : []),
      ...(input.userName === undefined
        ? []
        : [
            {
              name: input.userName,
              shell: '/bin/bash',
              sudo: 'ALL=(ALL) NOPASSWD:ALL',
              lock_passwd: password === undefined,
              ssh_authorized_keys: sshAuthorizedKeys,
            },
          ]),
    ],
    ...(input.userName === undefined ? { ssh_authorized_keys: sshAuthorizedKeys } : {}),
    ...(password === undefined ? {} : passwordConfig(input.userName, password)),
    ssh_pwauth: password !== undefined,
  };
  return `#cloud-config\n${JSON.stringify(config, null, 2)}\n`;
}

function passwordConfig(userName: string | undefined, password: string): object {
  if (userName === undefined) return { password, chpasswd: { expire: false } };
  return { chpasswd: { expire: false, users: [{ name: userName, password, type: 'text' }] } };
}

/** The files of the seed; the instance id is the VM's, so cloud-init runs once per VM. */
export function cloudInitSeedOf(vm: VmRow): VmSpecInput['cloudInit'] {
  const input = cloudInitOf(vm);
  if (input === null) return null;
  const hostname = (input.kind === 'form' ? input.hostname : undefined) ?? hostNameFrom(vm.name);
  const metaData = JSON.stringify({ 'instance-id': vm.id, 'local-hostname': hostname });
  if (input.kind === 'text') {
    return { userData: input.userData, metaData, networkConfig: input.networkConfig };
  }
  return { userData: formUserData(input, hostname), metaData, networkConfig: null };
}
