// What is known about running VMs beyond the runtime's own memory: since when they are in their
// state, why they failed, what their guests report. Lives in memory: it is observed, not decided.
import { Injectable } from '@nestjs/common';
import type { VmSample } from '@cairn/contracts';

export interface VmObservation {
  readonly since: Date | null;
  readonly lastError: string | null;
  readonly guestAgent: boolean;
  /** Addresses by MAC. */
  readonly addresses: ReadonlyMap<string, readonly string[]>;
  readonly sample: VmSample | null;
}

const NOTHING: VmObservation = {
  since: null,
  lastError: null,
  guestAgent: false,
  addresses: new Map(),
  sample: null,
};

@Injectable()
export class VmBoard {
  readonly #observations = new Map<string, VmObservation>();

  get(vmId: string): VmObservation {
    return this.#observations.get(vmId) ?? NOTHING;
  }

  note(vmId: string, patch: Partial<VmObservation>): void {
    this.#observations.set(vmId, { ...this.get(vmId), ...patch });
  }

  forget(vmId: string): void {
    this.#observations.delete(vmId);
  }
}
