import { expect, it, vi } from 'vitest';

import { reconnectAttemptsMax } from './connection';
import { ReconnectingLink, type LinkChannel } from './ReconnectingLink';

class FakeChannel implements LinkChannel {
  lose: (reason: string) => void = () => undefined;
  readonly closed = new Promise<string>((resolve) => {
    this.lose = resolve;
  });
  readonly close = vi.fn(() => this.lose('closed by us'));
}

const noWait = (): Promise<void> => Promise.resolve();

it('connects again after the connection is lost', async () => {
  const channels = [new FakeChannel(), new FakeChannel()];
  let opened = 0;
  const open = (): Promise<FakeChannel> => {
    const channel = channels[opened];
    opened += 1;
    return channel ? Promise.resolve(channel) : new Promise(() => undefined);
  };
  const link = new ReconnectingLink({ open, wait: noWait });
  link.start();
  await vi.waitFor(() => expect(link.channel).toBe(channels[0]));
  channels[0]?.lose('the service restarted');
  await vi.waitFor(() => expect(link.channel).toBe(channels[1]));
  expect(link.getConnection()).toEqual({ kind: 'connected' });
  link.stop();
});

it('gives up after too many failures and says why, and can be started again', async () => {
  const open = vi.fn(() => Promise.reject(new Error('The VM is not running')));
  const link = new ReconnectingLink({ open, wait: noWait });
  link.start();
  await vi.waitFor(() =>
    expect(link.getConnection()).toEqual({ kind: 'closed', reason: 'The VM is not running' }),
  );
  expect(open).toHaveBeenCalledTimes(reconnectAttemptsMax + 1);
  await Promise.resolve();
  link.start();
  await vi.waitFor(() => expect(open.mock.calls.length).toBeGreaterThan(reconnectAttemptsMax + 1));
  link.stop();
});

it('closes a channel that opens after the view has gone', async () => {
  const channel = new FakeChannel();
  let finishOpening: (channel: FakeChannel) => void = () => undefined;
  const open = (): Promise<FakeChannel> =>
    new Promise((resolve) => {
      finishOpening = resolve;
    });
  const link = new ReconnectingLink({ open, wait: noWait });
  link.start();
  link.stop();
  finishOpening(channel);
  await vi.waitFor(() => expect(channel.close).toHaveBeenCalled());
  expect(link.channel).toBeNull();
});
