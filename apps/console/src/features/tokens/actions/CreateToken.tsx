import { nameSchema, type Permission } from '@cairn/contracts';
import {
  Checkbox,
  FormGroup,
  FormSelect,
  FormSelectOption,
  Radio,
  TextInput,
} from '@patternfly/react-core';
import { useState, type ReactElement } from 'react';

import { keys } from '../../../api/keys';
import { useCurrentSession } from '../../../api/session';
import { useRefresh } from '../../../api/useRefresh';
import { useSubmit } from '../../../api/useRun';
import { withMember } from '../../../components/ResourceTable';
import { FormModal } from '../../../components/FormModal';

const daySeconds = 86_400;
const lifetimes = [1, 7, 30, 90, 365] as const;

/** Makes an API token and hands its secret over once. */
export function CreateTokenModal({
  onMade,
  onClose,
}: {
  readonly onMade: (secret: string) => void;
  readonly onClose: () => void;
}): ReactElement {
  const submit = useSubmit();
  const refresh = useRefresh();
  const permissions = useCurrentSession().data?.permissions ?? [];
  const [name, setName] = useState('');
  const [days, setDays] = useState(90);
  const [isLimited, setLimited] = useState(false);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const scopes = permissions.filter((each) => chosen.has(each));
  return (
    <FormModal
      title="Create an API token"
      submitLabel="Create"
      fault={faultOf({ name, isLimited, scopes })}
      onClose={onClose}
      onSubmit={async () => {
        const made = await submit((gateway) =>
          gateway.call('createApiToken', {
            body: {
              name,
              scopes: isLimited ? scopes : null,
              expiresInSeconds: days * daySeconds,
            },
          }),
        );
        refresh(keys.apiTokens);
        onMade(made.secret);
      }}
    >
      <FormGroup label="Name" fieldId="token-name" isRequired>
        <TextInput
          id="token-name"
          placeholder="backup script"
          value={name}
          onChange={(_event, value) => setName(value)}
          autoFocus
        />
      </FormGroup>
      <FormGroup label="Expires after" fieldId="token-days">
        <FormSelect
          id="token-days"
          value={days}
          onChange={(_event, value) => setDays(Number(value))}
        >
          {lifetimes.map((each) => (
            <FormSelectOption
              key={each}
              value={each}
              label={each === 1 ? '1 day' : `${each} days`}
            />
          ))}
        </FormSelect>
      </FormGroup>
      <FormGroup role="radiogroup" label="It may do" isStack>
        <Radio
          id="token-all"
          name="token-scope"
          label="Everything that you may"
          isChecked={!isLimited}
          onChange={() => setLimited(false)}
        />
        <Radio
          id="token-limited"
          name="token-scope"
          label="Only what is chosen here"
          isChecked={isLimited}
          onChange={() => setLimited(true)}
        />
      </FormGroup>
      {isLimited && (
        <div className="scope-grid" role="group" aria-label="Permissions">
          {permissions.map((permission) => (
            <Checkbox
              key={permission}
              id={`scope-${permission}`}
              label={<code>{permission}</code>}
              isChecked={chosen.has(permission)}
              onChange={(_event, isChecked) => setChosen(withMember(chosen, permission, isChecked))}
            />
          ))}
        </div>
      )}
    </FormModal>
  );
}

function faultOf(form: {
  readonly name: string;
  readonly isLimited: boolean;
  readonly scopes: readonly Permission[];
}): string | undefined {
  if (!nameSchema.safeParse(form.name).success) return 'Give the token a name';
  return form.isLimited && form.scopes.length === 0 ? 'Choose at least one permission' : undefined;
}
