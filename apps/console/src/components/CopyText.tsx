import { Button, Tooltip } from '@patternfly/react-core';
import { CheckIcon, CopyIcon } from './icons';
import { useState, type ReactElement } from 'react';

/** A short value in fixed width with a button that copies it. */
export function CopyText(props: {
  readonly text: string;
  /** What is copied, for the button's name: "Copy address". */
  readonly label: string;
}): ReactElement {
  const [copied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(props.text);
    setCopied(true);
  };
  return (
    <span className="copy-text">
      <code>{props.text}</code>
      <Tooltip
        content={copied ? 'Copied' : `Copy ${props.label}`}
        onTooltipHidden={() => setCopied(false)}
      >
        <Button
          variant="plain"
          size="sm"
          hasNoPadding
          aria-label={`Copy ${props.label}`}
          icon={copied ? <CheckIcon /> : <CopyIcon />}
          onClick={() => void copy()}
        />
      </Tooltip>
    </span>
  );
}
