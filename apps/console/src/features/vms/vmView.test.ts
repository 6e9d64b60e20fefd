import { vmPowerVerbs, vmStates, type Vm, type VmState } from '@cairn/contracts';
import { describe, expect, it } from 'vitest';

import { vmFixture } from '../../testing/fixtures';
import {
  isPoweredOn,
  mayDelete,
  mayOpenConsole,
  mayUseVerb,
  vmAddresses,
  vmSizeLine,
  vmStatusView,
} from './vmView';

const inState = (state: VmState): Vm => vmFixture({ status: { state } });

describe('vmStatusView', () => {
  it.each(vmStates)('has a word for the state %s', (state) => {
    expect(vmStatusView(inState(state)).label).not.toBe('');
  });

  it('explains a failure with its last error', () => {
    const vm = vmFixture({ status: { state: 'crashed', lastError: 'QEMU was killed' } });
    expect(vmStatusView(vm)).toEqual({
      label: 'Crashed',
      tone: 'danger',
      detail: 'QEMU was killed',
    });
  });
});

describe('mayUseVerb', () => {
  it('offers start only for a guest that is off', () => {
    const from = vmStates.filter((state) => mayUseVerb(inState(state), 'start').kind === 'allowed');
    expect(from).toEqual(['stopped', 'crashed']);
  });

  it('always leaves a way to stop a guest that has a process', () => {
    for (const state of vmStates.filter(isPoweredOn)) {
      if (state === 'migratingOut') continue;
      expect(mayUseVerb(inState(state), 'stop').kind, state).toBe('allowed');
    }
  });

  it.each(vmPowerVerbs)('says why %s is refused', (verb) => {
    const refusal = mayUseVerb(inState('deleting'), verb);
    expect(refusal).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('deleting'),
    });
  });
});

describe('mayDelete', () => {
  it('wants the guest off and the protection lifted', () => {
    expect(mayDelete(inState('stopped')).kind).toBe('allowed');
    expect(mayDelete(inState('running'))).toMatchObject({
      reason: expect.stringContaining('stop'),
    });
    expect(mayDelete(vmFixture({ deletionProtection: true }))).toMatchObject({
      reason: expect.stringContaining('protected'),
    });
  });
});

describe('facts of a VM', () => {
  it('has a console only while the guest has a process', () => {
    expect(mayOpenConsole(inState('running')).kind).toBe('allowed');
    expect(mayOpenConsole(inState('stopped')).kind).toBe('refused');
  });

  it('sums its disks without optical drives', () => {
    expect(vmSizeLine(vmFixture({}))).toBe('2 vCPUs · 2 GiB · 20 GiB disk');
  });

  it('lists IPv4 first and leaves link-local addresses out', () => {
    const [nic] = vmFixture({}).nics;
    expect(nic).toBeDefined();
    if (!nic) return;
    const nics = [{ ...nic, ips: ['fe80::1', 'fd00::5', '10.0.2.15'] }];
    expect(vmAddresses({ nics })).toEqual(['10.0.2.15', 'fd00::5']);
  });
});
