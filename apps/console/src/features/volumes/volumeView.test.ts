import type { Volume } from '@cairn/contracts';
import { describe, expect, it } from 'vitest';

import { mayDeleteVolume, mayResizeVolume, volumeStatusView } from './volumeView';

const status: Volume['status'] = {
  state: 'available',
  health: 'healthy',
  usedBytes: 0,
  nodeId: null,
  driveId: null,
  engineId: '1',
  usedBy: null,
  conditions: [],
};
const used = { kind: 'vm', id: 'x', name: 'web-1' } as const;

describe('a volume', () => {
  it('shows its health once it is there', () => {
    expect(volumeStatusView({ status }).label).toBe('Idle');
    expect(volumeStatusView({ status: { ...status, state: 'attached' } }).label).toBe('In use');
    expect(volumeStatusView({ status: { ...status, health: 'offline' } }).tone).toBe('danger');
    expect(volumeStatusView({ status: { ...status, state: 'creating' } }).tone).toBe('progress');
  });

  it('can not be deleted while somebody uses it, and says who', () => {
    expect(mayDeleteVolume({ status, purpose: 'disk' }).kind).toBe('allowed');
    expect(mayDeleteVolume({ status: { ...status, usedBy: used }, purpose: 'disk' })).toEqual({
      kind: 'refused',
      reason: 'web-1 uses it',
    });
    expect(mayDeleteVolume({ status, purpose: 'image' }).kind).toBe('refused');
  });

  it('of a VM is resized at the VM', () => {
    expect(mayResizeVolume({ status, purpose: 'disk' }).kind).toBe('allowed');
    expect(mayResizeVolume({ status: { ...status, usedBy: used }, purpose: 'disk' })).toMatchObject(
      { reason: expect.stringContaining('Disks tab') },
    );
  });
});
