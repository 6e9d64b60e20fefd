import {
  ActionGroup,
  Form,
  FormGroup,
  FormHelperText,
  HelperText,
  HelperTextItem,
  TextInput,
} from '@patternfly/react-core';
import { PASSWORD_LENGTH_MIN } from '@cairn/contracts';
import { useState, type SyntheticEvent, type ReactElement } from 'react';

import { useSessionActions } from '../../api/session';
import { GuardedButton } from '../../components/GuardedButton';
import { EntryProblem } from './LoginPage';
import { passwordFault, type PasswordDraft } from './passwordRules';

const emptyDraft: PasswordDraft = { current: '', next: '', repeated: '' };

/** Changes the own password; ends all other sessions of the user. */
export function PasswordForm({
  currentLabel,
  onChanged,
}: {
  readonly currentLabel: string;
  readonly onChanged?: () => void;
}): ReactElement {
  const { changePassword } = useSessionActions();
  const [draft, setDraft] = useState(emptyDraft);
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const fault = passwordFault(draft);
  const submit = async (event: SyntheticEvent): Promise<void> => {
    event.preventDefault();
    if (fault !== null || isBusy) return;
    setBusy(true);
    setError(null);
    try {
      await changePassword({ currentPassword: draft.current, newPassword: draft.next });
      setDraft(emptyDraft);
      onChanged?.();
    } catch (reason) {
      setError(reason);
    } finally {
      setBusy(false);
    }
  };
  const field = (key: keyof PasswordDraft, label: string, autoComplete: string): ReactElement => (
    <FormGroup label={label} fieldId={`password-${key}`} isRequired>
      <TextInput
        id={`password-${key}`}
        type="password"
        autoComplete={autoComplete}
        value={draft[key]}
        onChange={(_event, value) => setDraft({ ...draft, [key]: value })}
      />
      {key === 'next' && (
        <FormHelperText>
          <HelperText>
            <HelperTextItem>
              At least {PASSWORD_LENGTH_MIN} characters. A sentence is easier to keep than symbols.
            </HelperTextItem>
          </HelperText>
        </FormHelperText>
      )}
    </FormGroup>
  );
  return (
    <Form onSubmit={(event) => void submit(event)}>
      {error !== null && <EntryProblem error={error} />}
      {field('current', currentLabel, 'current-password')}
      {field('next', 'New password', 'new-password')}
      {field('repeated', 'New password again', 'new-password')}
      <ActionGroup>
        <GuardedButton
          type="submit"
          variant="primary"
          isBlock
          isLoading={isBusy}
          disabledReason={fault ?? undefined}
        >
          Change password
        </GuardedButton>
      </ActionGroup>
    </Form>
  );
}
