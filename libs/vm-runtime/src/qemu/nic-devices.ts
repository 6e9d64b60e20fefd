/** The spec's NICs as netdevs and devices. Pure; see command-line.ts for the rules. */
import type { VmNic, VmSpec } from '../vm-spec';
import type { Addresses } from './addresses';
import { INHERITED_FD, json } from './command-line';
import type { JsonObject } from './disk-devices';

export function nicDevice(id: string): string {
  return `dev-${id}`;
}

/** The descriptor of the tap of the spec's NIC `index`. */
export function tapFd(index: number): number {
  return INHERITED_FD.firstTap + index;
}

export function nicOptions(spec: VmSpec, place: Addresses): string[] {
  return spec.nics.flatMap((nic, index) => {
    const boot = spec.bootOrder.indexOf(nic.id);
    const virtio = nic.model === 'virtio';
    return [
      ...json('-netdev', { id: `net${index}`, ...netdev(nic, index) }),
      ...json('-device', {
        driver: virtio ? 'virtio-net-pci' : 'e1000',
        id: nicDevice(nic.id),
        netdev: `net${index}`,
        mac: nic.mac,
        ...place.nic(index, !virtio),
        ...(virtio && nic.mtu !== undefined && { host_mtu: nic.mtu }),
        // The network boot ROM costs start-up time and is only of use to boot from.
        ...(boot >= 0 ? { bootindex: boot + 1 } : { romfile: '' }),
      }),
    ];
  });
}

function netdev(nic: VmNic, index: number): JsonObject {
  if (nic.kind === 'bridge') {
    return { type: 'tap', fd: String(tapFd(index)), vhost: false };
  }
  const forwards = nic.hostForwards.map(
    ({ protocol, hostAddress, hostPort, guestPort }) =>
      `${protocol}:${hostAddress}:${hostPort}-:${guestPort}`,
  );
  return {
    type: 'user',
    ...(forwards.length > 0 && { hostfwd: forwards.map((str) => ({ str })) }),
  };
}
