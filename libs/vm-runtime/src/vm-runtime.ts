/**
 * The VM runtime of one node: QEMU processes, seen as VMs. `createQemuVmRuntime` makes the real
 * one, `FakeVmRuntime` behaves alike in memory; one contract suite holds both.
 *
 * Contract that holds for every implementation:
 * - A guest outlives the runtime. `dispose` and a crash of this process touch no guest;
 *   `adoptAll` finds them again and must be awaited once before anything else is called.
 * - Methods that act on one VM are serialised per VM; different VMs do not wait for each other.
 * - A method resolves when its effect has been observed, not when it was sent.
 * - Failures are `VmRuntimeError`; nothing half-started remains after a failed `start`.
 * - Events come in order per VM, after the state that they announce is visible in `status`.
 *   Listeners must not block; they record and return.
 */
import type { NbdSource, VmSpec } from './vm-spec';
import type { VmState } from './vm-state';

export interface CallOptions {
  /** Aborting gives up waiting; a `start` that is aborted removes what it made. */
  readonly signal?: AbortSignal | undefined;
}

export interface ShutdownOptions extends CallOptions {
  /** How long the guest may take, in milliseconds. Reaching it is an error `timed-out`. */
  readonly deadlineMs: number;
}

export interface VmRuntime {
  /**
   * The user and group that the VM's QEMU will run as, so that its disks' sockets can be made
   * accessible before `start`. `null` where QEMU runs as the service's own user. Idempotent; kept
   * until the VM is stopped or `forget`ten.
   */
  credentialsFor(id: string): Promise<VmCredentials | null>;
  /** Resolves when the guest runs. Errors: `already-running`, `start-failed`, `cancelled`. */
  start(spec: VmSpec, options?: CallOptions): Promise<VmStatus>;
  /** Takes up every guest of this node again. Resolves with what was found, dead ones included. */
  adoptAll(options?: CallOptions): Promise<readonly VmStatus[]>;
  /** Asks the guest to power off: guest agent, else ACPI. Errors: `wrong-state`, `timed-out`. */
  shutdown(id: string, options: ShutdownOptions): Promise<void>;
  /** Ends QEMU at once, whatever its state. Resolves when the process is gone. Idempotent. */
  stop(id: string, options?: CallOptions): Promise<void>;
  /** Asks the guest to restart: an orderly shutdown, then a reset in the same process. */
  reboot(id: string, options: ShutdownOptions): Promise<void>;
  /** The reset button. */
  reset(id: string, options?: CallOptions): Promise<void>;
  pause(id: string, options?: CallOptions): Promise<void>;
  resume(id: string, options?: CallOptions): Promise<void>;
  /** Puts a medium into a CD-ROM drive of a running VM, in place of the one that is there. */
  insertMedia(id: string, driveId: string, source: NbdSource): Promise<void>;
  ejectMedia(id: string, driveId: string): Promise<void>;
  /** Changes a disk's limits while it runs; `null` lifts a limit. */
  setDiskLimits(id: string, diskId: string, limits: DiskLimits): Promise<void>;
  /** Plugs or unplugs a NIC's cable. */
  setLink(id: string, nicId: string, connected: boolean): Promise<void>;
  /** All VMs known to this runtime; cheap, from memory. */
  list(): readonly VmStatus[];
  /** `undefined` for a VM this runtime never saw. Cheap, from memory. */
  status(id: string): VmStatus | undefined;
  /** Counters since QEMU's start. Errors: `not-found`, `wrong-state`, `monitor-lost`. */
  stats(id: string, options?: CallOptions): Promise<VmStats>;
  /** What the guest agent tells; `null` where none answers. */
  guestAgent(id: string, options?: CallOptions): Promise<GuestAgentReport | null>;
  /** Where the VM's consoles are; the sockets exist while the VM has a process. */
  consoles(id: string): VmConsoles;
  /** A PNG of the guest's screen. */
  screenshot(id: string, options?: CallOptions): Promise<Uint8Array>;
  /** Removes the traces of a VM that has no process: logs, UEFI variables. */
  forget(id: string): Promise<void>;
  /** Returns the function that ends the subscription. */
  subscribe(listener: VmEventListener): () => void;
  /** Lets go of every guest without touching it. */
  dispose(): Promise<void>;
}

export interface VmCredentials {
  readonly uid: number;
  readonly gid: number;
}

export interface VmStatus {
  readonly id: string;
  readonly name: string;
  readonly state: VmState;
  /** Why it is in this state, for people; empty where there is nothing to say. */
  readonly reason: string;
  readonly pid: number | null;
  readonly accelerator: Accelerator;
  /** Wall clock at which QEMU was started; `null` without a process. */
  readonly startedAt: Date | null;
  readonly spec: VmSpec;
}

export interface DiskLimits {
  readonly iopsLimit: number | null;
  readonly bpsLimit: number | null;
}

export interface VmConsoles {
  readonly vncSocketPath: string;
  readonly serialSocketPath: string;
  /** What the guest printed on its serial port; bounded, the older part is in `<path>.1`. */
  readonly serialLogPath: string;
}

/** Counters rise from QEMU's start; gauges say so. */
export interface VmStats {
  readonly takenAt: Date;
  readonly cpu: {
    /** CPU time of the whole QEMU process. */
    readonly seconds: number;
    /** Time that vCPUs were ready to run and waited for a CPU. */
    readonly waitSeconds: number;
    readonly vcpus: number;
  };
  readonly memory: {
    readonly configuredBytes: number;
    /** Gauge: resident size of the QEMU process, guest memory included. */
    readonly residentBytes: number;
    /** Gauges from the balloon driver; `null` until the guest reports. */
    readonly guestTotalBytes: number | null;
    readonly guestAvailableBytes: number | null;
  };
  readonly disks: readonly VmDiskStats[];
  readonly nics: readonly VmNicStats[];
}

export interface VmDiskStats {
  readonly id: string;
  readonly readBytes: number;
  readonly writeBytes: number;
  readonly readOps: number;
  readonly writeOps: number;
  readonly flushOps: number;
  readonly readSeconds: number;
  readonly writeSeconds: number;
  readonly flushSeconds: number;
  readonly failedOps: number;
}

export interface VmNicStats {
  readonly id: string;
  /** Seen from the guest. `null` where the host does not count (user-mode networking). */
  readonly receiveBytes: number | null;
  readonly transmitBytes: number | null;
  readonly receivePackets: number | null;
  readonly transmitPackets: number | null;
}

export interface GuestAgentReport {
  readonly version: string;
  readonly hostName: string | null;
  readonly interfaces: readonly {
    readonly name: string;
    readonly mac: string | null;
    readonly addresses: readonly string[];
  }[];
}

export type VmEventListener = (event: VmEvent) => void;

export type VmEvent =
  | VmStateChanged
  /** The guest restarted inside its process (its own reboot, a reset). */
  | {
      readonly kind: 'guest-reset';
      readonly id: string;
      readonly at: Date;
      readonly byGuest: boolean;
    };

export interface VmStateChanged {
  readonly kind: 'state-changed';
  readonly id: string;
  readonly at: Date;
  readonly from: VmState;
  readonly to: VmState;
  readonly cause: VmCause;
}

/** Why a state changed. */
export type VmCause =
  | { readonly kind: 'requested' }
  | { readonly kind: 'started' }
  | { readonly kind: 'adopted' }
  | { readonly kind: 'guest-shutdown' }
  | {
      readonly kind: 'guest-panic';
      readonly serialTail: readonly string[];
      readonly logTail: readonly string[];
    }
  | {
      /** QEMU ended by itself or was killed by somebody else. */
      readonly kind: 'process-exit';
      readonly exitCode: number | null;
      readonly signal: string | null;
      readonly serialTail: readonly string[];
      readonly logTail: readonly string[];
    }
  /** QEMU ran before this host booted. */
  | { readonly kind: 'host-restarted' }
  | {
      readonly kind: 'io-error';
      readonly diskId: string | null;
      readonly reason: string;
      readonly fenced: boolean;
    }
  | { readonly kind: 'resumed'; readonly suspendedMs: number }
  | { readonly kind: 'start-failed'; readonly message: string }
  | { readonly kind: 'monitor-lost'; readonly message: string };

export type Accelerator = 'kvm' | 'tcg';

/** The answer of the KVM self-test; anything but `usable` means software emulation. */
export interface AccelerationReport {
  readonly verdict: 'usable' | 'degraded' | 'unusable' | 'absent';
  readonly accelerator: Accelerator;
  /** One sentence for the operator. */
  readonly reason: string;
  /** Guest loop iterations per second of vCPU time, in millions; `null` where nothing ran. */
  readonly rateMillionPerSecond: number | null;
  readonly elapsedMs: number;
}

export type VmRuntimeErrorKind =
  | 'not-found'
  | 'wrong-state'
  | 'already-running'
  | 'start-failed'
  | 'timed-out'
  | 'monitor-lost'
  | 'command-failed'
  | 'unsupported'
  | 'cancelled';

export class VmRuntimeError extends Error {
  override readonly name = 'VmRuntimeError';

  constructor(
    readonly kind: VmRuntimeErrorKind,
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
  }
}
