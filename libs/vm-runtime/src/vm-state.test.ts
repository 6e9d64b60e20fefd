import { describe, expect, it } from 'vitest';
import { hasProcess, nextVmState, VM_INPUTS, VM_STATES, VM_TRANSITIONS } from './vm-state';

describe('the life of a VM', () => {
  it('reaches every state from "defined"', () => {
    const reached = new Set<string>(['defined', 'unknown']);
    for (let size = 0; size !== reached.size;) {
      size = reached.size;
      for (const state of VM_STATES.filter((name) => reached.has(name))) {
        for (const next of Object.values(VM_TRANSITIONS[state])) reached.add(next);
      }
    }
    expect([...reached].sort()).toEqual([...VM_STATES].sort());
  });

  it('can leave every state', () => {
    for (const state of VM_STATES) {
      expect(Object.keys(VM_TRANSITIONS[state]), state).not.toHaveLength(0);
    }
  });

  it('gives every input a meaning somewhere', () => {
    for (const input of VM_INPUTS) {
      expect(
        VM_STATES.some((state) => nextVmState(state, input) !== null),
        input,
      ).toBe(true);
    }
  });

  it('never goes from a state with a process to one without but by an end', () => {
    const ends = ['ended', 'failed', 'migration-completed'];
    for (const state of VM_STATES.filter(hasProcess)) {
      for (const input of VM_INPUTS.filter((name) => !ends.includes(name))) {
        const next = nextVmState(state, input);
        expect(next === null || hasProcess(next), `${state} ${input}`).toBe(true);
      }
    }
  });

  it('lets an operator stop whatever has a process of its own', () => {
    const stoppable = VM_STATES.filter(
      (state) => hasProcess(state) && !['stopping', 'migrating-out'].includes(state),
    );
    for (const state of stoppable) expect(nextVmState(state, 'stop-requested')).toBe('stopping');
  });
});
