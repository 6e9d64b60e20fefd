import { vmPowerVerbs, vmStates } from '@cairn/contracts';
import type { VmRow } from '@cairn/persistence';
import { describe, expect, it } from 'vitest';
import { shouldStart } from './vm-reconciler';
import { powerPlan, powerRules } from './vm-power-rules';

const vm = { id: 'x', name: 'web' } as VmRow;

describe('the power rules', () => {
  it('allow each verb somewhere, and none while a VM is made or deleted', () => {
    for (const verb of vmPowerVerbs) {
      expect(powerRules[verb].allowed.length).toBeGreaterThan(0);
      for (const state of ['provisioning', 'deleting'] as const) {
        expect(powerPlan(verb, vm, state).blockers[0]?.code).toBe('vm.busy');
      }
    }
  });

  it('offer a way out of every state that has or will have a process', () => {
    const up = vmStates.filter((state) => powerRules.stop.allowed.includes(state));
    expect(up).toEqual([
      'starting',
      'running',
      'paused',
      'ioSuspended',
      'stopping',
      'crashed',
      'unknown',
    ]);
  });

  it('say in which state a refused verb would be allowed', () => {
    const [blocker] = powerPlan('resume', vm, 'running').blockers;
    expect(blocker).toMatchObject({ code: 'vm.wrongState' });
    expect(blocker?.message).toBe('web is running; this needs paused.');
  });
});

describe('the reconciler', () => {
  const idle = { isBusy: false, hasUnhandledChange: false, notBeforeMs: 0, nowMs: 1 };
  const wanted = { phase: 'ready', desiredPowerState: 'running' } as const;

  it('starts what should run and does not', () => {
    expect(shouldStart(wanted, undefined, idle)).toBe(true);
    expect(shouldStart(wanted, 'stopped', idle)).toBe(true);
    expect(shouldStart(wanted, 'crashed', idle)).toBe(true);
  });

  it('leaves alone what runs, what is unclear, what is worked on and what waits', () => {
    for (const state of ['running', 'paused', 'starting', 'io-suspended', 'unknown'] as const) {
      expect(shouldStart(wanted, state, idle)).toBe(false);
    }
    expect(shouldStart(wanted, 'stopped', { ...idle, isBusy: true })).toBe(false);
    const unhandled = { ...idle, hasUnhandledChange: true };
    expect(shouldStart(wanted, 'stopped', unhandled)).toBe(false);
    expect(shouldStart(wanted, 'stopped', { ...idle, notBeforeMs: 5 })).toBe(false);
  });

  it('never starts what nobody wants, or what is not ready', () => {
    expect(shouldStart({ ...wanted, desiredPowerState: 'stopped' }, 'stopped', idle)).toBe(false);
    expect(shouldStart({ ...wanted, desiredPowerState: 'paused' }, 'stopped', idle)).toBe(false);
    expect(shouldStart({ ...wanted, phase: 'provisioning' }, undefined, idle)).toBe(false);
  });
});
