import { builtInRoles, roleNames, roleNameSchema, type RoleName } from '@cairn/contracts';
import {
  FormGroup,
  FormHelperText,
  FormSelect,
  FormSelectOption,
  HelperText,
  HelperTextItem,
} from '@patternfly/react-core';
import type { ReactElement } from 'react';

/** Chooses a role and says what it may do. */
export function RoleSelect({
  value,
  onChange,
}: {
  readonly value: RoleName;
  readonly onChange: (role: RoleName) => void;
}): ReactElement {
  return (
    <FormGroup label="Role" fieldId="user-role">
      <FormSelect
        id="user-role"
        value={value}
        onChange={(_event, next) => onChange(roleNameSchema.parse(next))}
      >
        {roleNames.map((name) => (
          <FormSelectOption key={name} value={name} label={builtInRoles[name].title} />
        ))}
      </FormSelect>
      <FormHelperText>
        <HelperText>
          <HelperTextItem>{builtInRoles[value].description}</HelperTextItem>
        </HelperText>
      </FormHelperText>
    </FormGroup>
  );
}
