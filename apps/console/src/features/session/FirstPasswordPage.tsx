import { Button, Content, Title } from '@patternfly/react-core';
import type { ReactElement } from 'react';

import { useSessionActions } from '../../api/session';
import { useDocumentTitle } from '../../components/PageHeader';
import { EntryFrame } from './EntryFrame';
import { PasswordForm } from './PasswordForm';

/** Nothing else is possible until the one-time password is replaced. */
export function FirstPasswordPage(): ReactElement {
  useDocumentTitle('Choose your password');
  const { logOut } = useSessionActions();
  return (
    <EntryFrame>
      <Title headingLevel="h1" size="xl">
        Choose your password
      </Title>
      <Content component="p" className="subtle">
        You logged in with a one-time password. It ends here.
      </Content>
      <PasswordForm currentLabel="One-time password" />
      <Button variant="link" isInline className="entry-hint" onClick={() => void logOut()}>
        Log out
      </Button>
    </EntryFrame>
  );
}
