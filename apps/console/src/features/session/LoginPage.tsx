import {
  ActionGroup,
  Alert,
  Button,
  Form,
  FormGroup,
  TextInput,
  Title,
} from '@patternfly/react-core';
import { useState, type SyntheticEvent, type ReactElement } from 'react';

import { useSessionActions } from '../../api/session';
import { useDocumentTitle } from '../../components/PageHeader';
import { describeProblem } from '../../components/problem';
import { EntryFrame } from './EntryFrame';

/** The first page of everybody who has no session. */
export function LoginPage(): ReactElement {
  useDocumentTitle('Log in');
  const { logIn } = useSessionActions();
  const [userName, setUserName] = useState('');
  const [password, setPassword] = useState('');
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: SyntheticEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await logIn({ userName: userName.trim(), password });
    } catch (reason) {
      setError(reason);
      setPassword('');
    } finally {
      setBusy(false);
    }
  };
  return (
    <EntryFrame>
      <Title headingLevel="h1" size="xl">
        Log in
      </Title>
      <Form onSubmit={(event) => void submit(event)}>
        {error !== null && <EntryProblem error={error} />}
        <FormGroup label="User name" fieldId="user-name" isRequired>
          <TextInput
            id="user-name"
            name="username"
            autoComplete="username"
            autoCapitalize="none"
            autoFocus
            isRequired
            value={userName}
            onChange={(_event, value) => setUserName(value)}
          />
        </FormGroup>
        <FormGroup label="Password" fieldId="password" isRequired>
          <TextInput
            id="password"
            name="password"
            type="password"
            autoComplete="current-password"
            isRequired
            value={password}
            onChange={(_event, value) => setPassword(value)}
          />
        </FormGroup>
        <ActionGroup>
          <Button type="submit" isBlock isLoading={isBusy} isDisabled={isBusy}>
            Log in
          </Button>
        </ActionGroup>
      </Form>
      <p className="subtle entry-hint">
        The first administrator is <code>admin</code>; the one-time password was printed when the
        node first started.
      </p>
    </EntryFrame>
  );
}

/** A refused log-in or password change, in the API's words. */
export function EntryProblem({ error }: { readonly error: unknown }): ReactElement {
  const problem = describeProblem(error);
  return (
    <Alert isInline variant="danger" title={problem.title}>
      {[problem.detail, ...problem.items].filter(Boolean).join('. ')}
    </Alert>
  );
}
