import { Button, Tooltip, type ButtonProps } from '@patternfly/react-core';
import type { ReactElement } from 'react';

export interface GuardedButtonProps extends Omit<ButtonProps, 'isDisabled' | 'isAriaDisabled'> {
  /** Why the button can't be used at the moment; undefined when it can. */
  readonly disabledReason?: string | undefined;
}

/** A button that, when it is disabled, stays reachable by keyboard and says why. */
export function GuardedButton(props: GuardedButtonProps): ReactElement {
  const { disabledReason, ...rest } = props;
  if (disabledReason === undefined) return <Button {...rest} />;
  return (
    <Tooltip content={disabledReason}>
      <Button {...rest} isAriaDisabled />
    </Tooltip>
  );
}
