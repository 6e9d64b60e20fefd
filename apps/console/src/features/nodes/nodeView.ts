/** Words about nodes and how they run guests. Pure. */
import type { Accelerator, Node, NodeState } from '@cairn/contracts';

import type { StatusView } from '../../components/tone';

const stateViews: Readonly<Record<NodeState, StatusView>> = {
  online: { label: 'Online', tone: 'success' },
  offline: { label: 'Offline', tone: 'danger' },
  maintenance: { label: 'Maintenance', tone: 'warning' },
  joining: { label: 'Joining', tone: 'progress' },
  draining: { label: 'Draining', tone: 'progress' },
  failed: { label: 'Failed', tone: 'danger' },
};

export function nodeStatusView(node: Pick<Node, 'status'>): StatusView {
  return stateViews[node.status.state];
}

/** The verdict of the self-test and what it means for guests. */
export interface AcceleratorView {
  readonly status: StatusView;
  /** What an operator can expect, or do. */
  readonly advice: string;
}

export function acceleratorView(accelerator: Accelerator): AcceleratorView {
  if (accelerator.kind === 'kvm') {
    return {
      status: { label: 'KVM', tone: 'success', detail: accelerator.reason },
      advice: 'Guests run at the speed of the hardware.',
    };
  }
  return {
    status: { label: 'TCG', tone: 'warning', detail: accelerator.reason },
    advice: tcgAdvice[accelerator.kvm],
  };
}

const tcgAdvice: Readonly<Record<Accelerator['kvm'], string>> = {
  absent:
    'Guests run in software, ten to fifty times slower. Turn on virtualisation in the firmware of the server, and load the kvm module.',
  unusable:
    'Guests run in software, ten to fifty times slower. /dev/kvm is there, but it is itself emulated; use a server with hardware virtualisation.',
  degraded:
    'Guests run in software. /dev/kvm works, but slower than emulation would pay for; this happens in nested machines.',
  usable: 'Guests run in software although hardware virtualisation works; this is a setting.',
};
