import { expect, it } from 'vitest';

import { nodeFixture } from '../../testing/fixtures';
import { acceleratorView, nodeStatusView } from './nodeView';

it('says what software emulation costs and what can be done about it', () => {
  const view = acceleratorView({ kind: 'tcg', kvm: 'absent', reason: 'There is no /dev/kvm.' });
  expect(view.status).toMatchObject({ label: 'TCG', tone: 'warning' });
  expect(view.advice).toContain('firmware');
});

it('is content with hardware virtualisation', () => {
  const view = acceleratorView({ kind: 'kvm', kvm: 'usable', reason: 'Fast.' });
  expect(view.status.tone).toBe('success');
});

it('shows an offline node as bad news', () => {
  const { status } = nodeFixture({});
  expect(nodeStatusView({ status: { ...status, state: 'offline' } }).tone).toBe('danger');
});
