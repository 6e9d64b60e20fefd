import { Button, Spinner } from '@patternfly/react-core';
import type { ReactElement } from 'react';

import { DisconnectedIcon } from '../../../components/icons';
import type { ConsoleConnection } from './connection';

/** Covers a console that is not connected and says what is being done about it. */
export function ConnectionVeil({
  connection,
  what,
  onRetry,
}: {
  readonly connection: ConsoleConnection;
  readonly what: string;
  readonly onRetry: () => void;
}): ReactElement | null {
  switch (connection.kind) {
    case 'connected':
      return null;
    case 'connecting':
      return (
        <div className="console-veil" role="status">
          <Spinner size="lg" aria-label={`Connecting to the ${what}`} />
          <p>Connecting to the {what} …</p>
        </div>
      );
    case 'waiting':
      return (
        <div className="console-veil" role="status">
          <Spinner size="lg" aria-label="Waiting to reconnect" />
          <p>{connection.reason}.</p>
          <p className="subtle">Trying again (attempt {connection.attempt}) …</p>
        </div>
      );
    case 'closed':
      return (
        <div className="console-veil" role="alert">
          <DisconnectedIcon />
          <p>{connection.reason}.</p>
          <Button variant="secondary" onClick={onRetry}>
            Connect again
          </Button>
        </div>
      );
  }
}
