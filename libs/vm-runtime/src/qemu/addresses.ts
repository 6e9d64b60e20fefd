/**
 * Where each device sits on the PCI bus. Addresses are explicit and never depend on what else a
 * VM has, so that adding a device moves no other one.
 */

export interface PciAddress {
  readonly bus: string;
  readonly addr?: string;
}

export interface RootPort {
  readonly id: string;
  readonly chassis: number;
  readonly addr: string;
  readonly multifunction: boolean;
}

export type FixedDevice =
  'vga' | 'usb' | 'rng' | 'balloon' | 'virtio-serial' | 'panic' | 'scsi' | 'seed';

export interface Addresses {
  readonly rootPorts: readonly RootPort[];
  fixed(device: FixedDevice): PciAddress;
  /** `index`: the position among the spec's disks. */
  disk(index: number): PciAddress;
  /** `index`: the position among the spec's NICs. `legacy` devices cannot sit on a PCIe port. */
  nic(index: number, legacy: boolean): PciAddress;
  readonly sataPort: (index: number) => { readonly bus: string; readonly unit: number };
}

const FIXED_SLOTS: Readonly<Record<FixedDevice, number>> = {
  vga: 0x1,
  usb: 0x8,
  rng: 0x9,
  balloon: 0xa,
  'virtio-serial': 0xb,
  panic: 0xc,
  scsi: 0xd,
  seed: 0xe,
};

const PORTS_PER_SLOT = 8;
const FIRST_PORT_SLOT = 0x2;
const DISK_PORTS = 20;
const NIC_PORTS = 8;
/** Free for devices that are plugged in while the VM runs. */
const SPARE_PORTS = 4;
const FIRST_LEGACY_NIC_SLOT = 0x10;

export function addresses(machineType: string): Addresses {
  return machineType.startsWith('pc-q35') ? q35() : i440fx();
}

function hex(number: number): string {
  return `0x${number.toString(16)}`;
}

function q35(): Addresses {
  const ports = Array.from({ length: DISK_PORTS + NIC_PORTS + SPARE_PORTS }, (_, index) => {
    const slot = FIRST_PORT_SLOT + Math.floor(index / PORTS_PER_SLOT);
    const part = index % PORTS_PER_SLOT;
    return {
      id: `port${index}`,
      chassis: index + 1,
      addr: `${hex(slot)}.${hex(part)}`,
      multifunction: part === 0,
    };
  });
  return {
    rootPorts: ports,
    fixed: (device) => ({ bus: 'pcie.0', addr: hex(FIXED_SLOTS[device]) }),
    disk: (index) => ({ bus: `port${index}` }),
    nic: (index, legacy) =>
      legacy
        ? { bus: 'pcie.0', addr: hex(FIRST_LEGACY_NIC_SLOT + index) }
        : { bus: `port${DISK_PORTS + index}` },
    sataPort: (index) => ({ bus: `ide.${index}`, unit: 0 }),
  };
}

const I440FX_FIRST_NIC_SLOT = 0x2;
const I440FX_FIRST_DISK_SLOT = 0x11;

/** No ports: everything sits on the one bus. Slot 1 is the chipset's. */
function i440fx(): Addresses {
  const slots: Readonly<Record<FixedDevice, number>> = { ...FIXED_SLOTS, vga: 0xf, usb: 0x10 };
  return {
    rootPorts: [],
    fixed: (device) => ({ bus: 'pci.0', addr: hex(slots[device]) }),
    disk: (index) => ({ bus: 'pci.0', addr: hex(I440FX_FIRST_DISK_SLOT + index) }),
    nic: (index) => ({ bus: 'pci.0', addr: hex(I440FX_FIRST_NIC_SLOT + index) }),
    sataPort: (index) => ({ bus: `ide.${Math.floor(index / 2)}`, unit: index % 2 }),
  };
}
