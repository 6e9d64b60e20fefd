import {
  Alert,
  Button,
  EmptyState,
  EmptyStateActions,
  EmptyStateBody,
  EmptyStateFooter,
  Skeleton,
} from '@patternfly/react-core';
import type { ComponentType, ReactElement, ReactNode } from 'react';

import { ExclamationCircleIcon } from './icons';
import { describeProblem } from './problem';

/** Grey rows in the place of a list or a page that is being fetched. */
export function LoadingState({
  label,
  rows = 5,
}: {
  readonly label: string;
  readonly rows?: number;
}): ReactElement {
  return (
    <div className="loading-state" role="status" aria-label={`Loading ${label}`}>
      {Array.from({ length: rows }, (_, row) => (
        <Skeleton key={row} height="1.6rem" width={`${96 - ((row * 17) % 38)}%`} />
      ))}
    </div>
  );
}

export interface NothingHereProps {
  readonly title: string;
  readonly children?: ReactNode;
  readonly icon?: ComponentType;
  readonly actions?: ReactNode;
  readonly isSmall?: boolean;
}

/** An empty list: says what would be here, and offers the first step. */
export function NothingHere(props: NothingHereProps): ReactElement {
  return (
    <EmptyState
      titleText={props.title}
      headingLevel="h2"
      variant={props.isSmall ? 'sm' : 'lg'}
      {...(props.icon ? { icon: props.icon } : {})}
    >
      {props.children && <EmptyStateBody>{props.children}</EmptyStateBody>}
      {props.actions && (
        <EmptyStateFooter>
          <EmptyStateActions>{props.actions}</EmptyStateActions>
        </EmptyStateFooter>
      )}
    </EmptyState>
  );
}

/** A view that could not be fetched at all. */
export function FailedState({
  what,
  error,
  onRetry,
}: {
  readonly what: string;
  readonly error: unknown;
  readonly onRetry?: () => void;
}): ReactElement {
  const problem = describeProblem(error);
  return (
    <EmptyState
      status="danger"
      icon={ExclamationCircleIcon}
      titleText={`Could not load ${what}`}
      headingLevel="h2"
      variant="sm"
    >
      <EmptyStateBody>
        {problem.title}
        {problem.detail && <span className="block">{problem.detail}</span>}
        {problem.reference && <code className="block subtle">{problem.reference}</code>}
      </EmptyStateBody>
      {onRetry && (
        <EmptyStateFooter>
          <Button variant="secondary" onClick={onRetry}>
            Try again
          </Button>
        </EmptyStateFooter>
      )}
    </EmptyState>
  );
}

/** Data is on the screen, but it could not be refreshed. */
export function StaleNotice({
  what,
  error,
  onRetry,
}: {
  readonly what: string;
  readonly error: unknown;
  readonly onRetry: () => void;
}): ReactElement {
  return (
    <Alert
      isInline
      isPlain
      variant="warning"
      title={`This view of ${what} may be out of date: ${describeProblem(error).title}`}
      actionLinks={
        <Button variant="link" isInline onClick={onRetry}>
          Refresh
        </Button>
      }
    />
  );
}
