import { Label, Spinner, Tooltip } from '@patternfly/react-core';
import {
  CheckCircleIcon,
  ExclamationCircleIcon,
  ExclamationTriangleIcon,
  InfoCircleIcon,
  PowerOffIcon,
} from './icons';
import type { ReactElement } from 'react';

import type { StatusView, Tone } from './tone';

/** A state in a table or a header: icon, word and, on hover or focus, its explanation. */
export function StatusLabel({ view }: { readonly view: StatusView }): ReactElement {
  const label = (
    <Label
      isCompact
      variant="outline"
      icon={<ToneIcon tone={view.tone} />}
      {...labelColour(view.tone)}
      {...(view.detail === undefined ? {} : { tabIndex: 0 })}
    >
      {view.label}
    </Label>
  );
  return view.detail === undefined ? label : <Tooltip content={view.detail}>{label}</Tooltip>;
}

/** A plain line of text with a coloured icon, for dense tables. */
export function StatusText({ view }: { readonly view: StatusView }): ReactElement {
  const text = (
    <span className={`status-text tone-${view.tone}`}>
      <ToneIcon tone={view.tone} />
      <span>{view.label}</span>
    </span>
  );
  return view.detail === undefined ? text : <Tooltip content={view.detail}>{text}</Tooltip>;
}

/** The icon of a tone. Decorative: the words beside it carry the meaning. */
export function ToneIcon({ tone }: { readonly tone: Tone }): ReactElement {
  switch (tone) {
    case 'success':
      return <CheckCircleIcon aria-hidden />;
    case 'warning':
      return <ExclamationTriangleIcon aria-hidden />;
    case 'danger':
      return <ExclamationCircleIcon aria-hidden />;
    case 'info':
      return <InfoCircleIcon aria-hidden />;
    case 'progress':
      return <Spinner size="sm" isInline aria-hidden />;
    case 'neutral':
      return <PowerOffIcon aria-hidden />;
  }
}

function labelColour(tone: Tone): { status?: 'success' | 'warning' | 'danger' | 'info' } {
  switch (tone) {
    case 'success':
    case 'warning':
    case 'danger':
    case 'info':
      return { status: tone };
    case 'progress':
      return { status: 'info' };
    case 'neutral':
      return {};
  }
}
