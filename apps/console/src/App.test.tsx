import { problemOf } from '@cairn/contracts';
import { act, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';

import { taskFixture, vmFixture } from './testing/fixtures';
import { emptyCluster, renderApp, sessionFixture } from './testing/renderApp';

const refusal = (code: 'auth.required' | 'auth.invalidCredentials'): Error =>
  Object.assign(new Error(code), {
    problem: problemOf({ code, detail: 'Try again.', requestId: 'r' }),
  });

const listOf = <Item,>(items: Item[]) => ({
  items,
  nextCursor: null,
  totalEstimate: items.length,
  revision: 1,
});

describe('before log-in', () => {
  it('shows the log-in, and a refusal in words without losing the name', async () => {
    const gateway = emptyCluster()
      .on('getCurrentSession', () => {
        throw refusal('auth.required');
      })
      .on('createSession', () => {
        throw refusal('auth.invalidCredentials');
      });
    renderApp(gateway, '/vms');
    await userEvent.type(await screen.findByLabelText(/User name/), 'admin');
    await userEvent.type(screen.getByLabelText(/Password/), 'wrong');
    await userEvent.click(screen.getByRole('button', { name: 'Log in' }));
    expect(await screen.findByText(/User name or password is wrong/)).toBeVisible();
    expect(screen.getByLabelText(/User name/)).toHaveValue('admin');
    expect(screen.getByLabelText(/Password/)).toHaveValue('');
  });

  it('lets nobody past with a one-time password', async () => {
    const gateway = emptyCluster()
      .on('getCurrentSession', sessionFixture({ mustChangePassword: true }))
      .on('changePassword', sessionFixture({ csrfToken: 'fresh' }));
    renderApp(gateway, '/');
    expect(await screen.findByRole('heading', { name: 'Choose your password' })).toBeVisible();
    await userEvent.type(screen.getByLabelText(/One-time password/), 'one-time');
    await userEvent.type(screen.getByLabelText(/^New password(?! again)/), 'correct horse');
    await userEvent.type(screen.getByLabelText(/again/), 'correct horse');
    await userEvent.click(screen.getByRole('button', { name: 'Change password' }));
    expect(await screen.findByRole('heading', { name: 'Dashboard' })).toBeVisible();
    expect(gateway.inputsOf('changePassword')).toEqual([
      { body: { currentPassword: 'one-time', newPassword: 'correct horse' } },
    ]);
    expect(gateway.csrfToken).toBe('fresh');
  });
});

describe('the list of VMs', () => {
  const vm = vmFixture({});

  it('leads from an empty cluster to a first VM', async () => {
    renderApp(emptyCluster(), '/vms');
    expect(await screen.findByText('No virtual machine yet')).toBeVisible();
  });

  it('says that it could not be loaded, and tries again when asked', async () => {
    const gateway = emptyCluster().on('listVms', () => {
      throw new Error('connection refused');
    });
    renderApp(gateway, '/vms');
    expect(await screen.findByText('Could not load virtual machines')).toBeVisible();
    gateway.on('listVms', listOf([vm]));
    await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
    expect(await screen.findByRole('link', { name: 'web-1' })).toBeVisible();
  });

  it('starts at once, but deletes only after the plan was seen and the name typed', async () => {
    const task = taskFixture({ kind: 'vm.delete' });
    const gateway = emptyCluster()
      .on('listVms', listOf([vm]))
      .on('startVm', task)
      .on('deleteVm', task);
    renderApp(gateway, '/vms');
    const open = async (item: string): Promise<void> => {
      await userEvent.click(await screen.findByRole('button', { name: 'Actions for web-1' }));
      await userEvent.click(await screen.findByRole('menuitem', { name: item }));
    };
    await open('Start');
    expect(gateway.inputsOf('startVm')).toHaveLength(1);
    await open('Delete');
    const dialog = await screen.findByRole('dialog', { name: /Delete web-1/ });
    await userEvent.click(within(dialog).getByRole('button', { name: 'Delete' }));
    expect(gateway.inputsOf('deleteVm')).toHaveLength(0);
    await userEvent.type(await within(dialog).findByLabelText('Type web-1 to confirm'), 'web-1');
    await userEvent.click(within(dialog).getByRole('button', { name: 'Delete' }));
    expect(gateway.inputsOf('deleteVm')).toEqual([{ params: { vmId: vm.id }, query: {} }]);
  });

  it('does not do what the state forbids', async () => {
    const gateway = emptyCluster().on('listVms', listOf([vm]));
    renderApp(gateway, '/vms');
    await userEvent.click(await screen.findByRole('button', { name: 'Actions for web-1' }));
    const item = await screen.findByRole('menuitem', { name: 'Pause' });
    expect(item).toHaveAttribute('aria-disabled', 'true');
  });

  it('hides what the role does not allow', async () => {
    const gateway = emptyCluster()
      .on('getCurrentSession', sessionFixture({ permissions: ['vms:read', 'cluster:read'] }))
      .on('listVms', listOf([vm]));
    renderApp(gateway, '/vms');
    expect(await screen.findByRole('link', { name: 'web-1' })).toBeVisible();
    expect(screen.queryByRole('button', { name: 'Actions for web-1' })).toBeNull();
    expect(screen.queryByRole('button', { name: 'Create VM' })).toBeNull();
  });
});

describe('the event stream', () => {
  it('changes what is on the screen, and says when it is lost', async () => {
    const vm = vmFixture({});
    const gateway = emptyCluster().on('listVms', listOf([vm]));
    renderApp(gateway, '/vms');
    await screen.findByRole('link', { name: 'web-1' });
    const [watcher] = gateway.watchers.slice(-1);
    act(() =>
      watcher?.onEvent({
        event: 'upsert',
        topic: 'vms',
        id: vm.id,
        revision: 9,
        at: vm.updatedAt,
        resource: { ...vm, revision: 9, status: { ...vm.status, state: 'running' } },
      }),
    );
    const row = screen.getByRole('row', { name: /web-1/ });
    expect(await within(row).findByText('Running')).toBeVisible();
    act(() => watcher?.onState({ kind: 'lost', sinceMs: Date.now() }));
    expect(await screen.findByText(/Connection to the cluster lost/)).toBeVisible();
  });
});
