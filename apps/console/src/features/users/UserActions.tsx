import type { User } from '@cairn/contracts';
import { Dropdown, DropdownItem, DropdownList, MenuToggle } from '@patternfly/react-core';
import { useState, type ReactElement } from 'react';

import { keys } from '../../api/keys';
import { useMay } from '../../api/session';
import { useRefresh } from '../../api/useRefresh';
import { useRun } from '../../api/useRun';
import { ConfirmModal } from '../../components/ConfirmModal';
import { EllipsisVIcon } from '../../components/icons';
import { refusalReason } from '../../components/tone';
import { ChangeUserModal } from './actions/ChangeUser';
import type { MadePassword } from './UsersPage';
import { mayChangeOther } from './userView';

type Open = 'none' | 'change' | 'reset' | 'delete';

/** The verbs of one user. */
export function UserActions({
  user,
  isSelf,
  onPassword,
}: {
  readonly user: User;
  readonly isSelf: boolean;
  readonly onPassword: (made: MadePassword) => void;
}): ReactElement | null {
  const [isMenuOpen, setMenuOpen] = useState(false);
  const [open, setOpen] = useState<Open>('none');
  const may = useMay();
  const run = useRun();
  const refresh = useRefresh();
  if (!may('users:update')) return null;
  const reason = refusalReason(mayChangeOther(isSelf));
  const params = { userId: user.id };
  const close = (): void => setOpen('none');
  const reset = async (): Promise<void> => {
    close();
    const answer = await run(`reset the password of ${user.name}`, (gateway) =>
      gateway.call('resetPassword', { params }),
    );
    if (answer) onPassword({ userName: user.name, password: answer.oneTimePassword });
    refresh(keys.users);
  };
  const remove = async (): Promise<void> => {
    close();
    await run(`delete ${user.name}`, (gateway) => gateway.call('deleteUser', { params }));
    refresh(keys.users);
  };
  const item = (key: Open, label: string): ReactElement => (
    <DropdownItem
      isDanger={key === 'delete'}
      isAriaDisabled={reason !== undefined}
      {...(reason === undefined ? {} : { tooltipProps: { content: reason, position: 'left' } })}
      onClick={() => {
        setMenuOpen(false);
        setOpen(key);
      }}
    >
      {label}
    </DropdownItem>
  );
  return (
    <>
      <Dropdown
        isOpen={isMenuOpen}
        onOpenChange={setMenuOpen}
        popperProps={{ position: 'right' }}
        toggle={(ref) => (
          <MenuToggle
            ref={ref}
            variant="plain"
            icon={<EllipsisVIcon />}
            aria-label={`Actions for ${user.name}`}
            isExpanded={isMenuOpen}
            onClick={() => setMenuOpen(!isMenuOpen)}
          />
        )}
      >
        <DropdownList>
          {item('change', 'Change role or state')}
          {item('reset', 'Reset password')}
          {may('users:delete') && item('delete', 'Delete')}
        </DropdownList>
      </Dropdown>
      {open === 'change' && <ChangeUserModal user={user} onClose={close} />}
      {open === 'reset' && (
        <ConfirmModal
          title={`Reset the password of ${user.name}?`}
          confirmLabel="Reset password"
          onConfirm={() => void reset()}
          onClose={close}
        >
          The present password stops working, and all sessions of {user.name} end. You get a
          one-time password to hand over.
        </ConfirmModal>
      )}
      {open === 'delete' && (
        <ConfirmModal
          title={`Delete ${user.name}?`}
          confirmLabel="Delete"
          onConfirm={() => void remove()}
          onClose={close}
        >
          All sessions and API tokens of {user.name} stop working at once. What {user.name} did
          stays in the tasks.
        </ConfirmModal>
      )}
    </>
  );
}
