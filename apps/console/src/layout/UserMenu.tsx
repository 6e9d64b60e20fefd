import { Divider, Dropdown, DropdownItem, DropdownList, MenuToggle } from '@patternfly/react-core';
import { useState, type ReactElement } from 'react';
import { useNavigate } from 'react-router';

import { useCurrentSession, useSessionActions } from '../api/session';
import { UserIcon } from '../components/icons';
import { useNotify } from '../components/notices';
import { problemLine } from '../components/problem';

/** The person who is logged in: password, sessions, tokens, log-out. */
export function UserMenu(): ReactElement {
  const [isOpen, setOpen] = useState(false);
  const session = useCurrentSession().data;
  const { logOut } = useSessionActions();
  const navigate = useNavigate();
  const notify = useNotify();
  const leave = async (): Promise<void> => {
    try {
      await logOut();
    } catch (error) {
      notify({ tone: 'danger', title: 'Could not log out', detail: problemLine(error) });
    }
  };
  const goTo = (path: string) => () => {
    setOpen(false);
    void navigate(path);
  };
  return (
    <Dropdown
      isOpen={isOpen}
      onOpenChange={setOpen}
      popperProps={{ position: 'right' }}
      toggle={(ref) => (
        <MenuToggle
          ref={ref}
          variant="plainText"
          icon={<UserIcon />}
          isExpanded={isOpen}
          onClick={() => setOpen(!isOpen)}
        >
          {session?.user.name ?? ''}
        </MenuToggle>
      )}
    >
      <DropdownList>
        <DropdownItem onClick={goTo('/password')}>Change password</DropdownItem>
        <DropdownItem onClick={goTo('/sessions')}>Your sessions</DropdownItem>
        <DropdownItem onClick={goTo('/tokens')}>Your API tokens</DropdownItem>
        <Divider component="li" />
        <DropdownItem onClick={() => void leave()}>Log out</DropdownItem>
      </DropdownList>
    </Dropdown>
  );
}
