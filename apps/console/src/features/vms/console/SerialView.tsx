import { FitAddon } from '@xterm/addon-fit';
import { Terminal } from '@xterm/xterm';
import '@xterm/xterm/css/xterm.css';
import { useCallback, useEffect, useRef, type ReactElement } from 'react';

import { ExternalLinkAltIcon } from '../../../components/icons';
import { ConnectionVeil } from './ConnectionVeil';
import { FullScreenButton, IconButton } from './ConsoleToolbar';
import { openSerial, type SerialChannel } from './serialChannel';
import { useLink } from './useLink';
import type { ConsoleViewProps } from './VncView';

const scrollbackLines = 5_000;

/** The guest's serial port in a terminal. */
export function SerialView(props: ConsoleViewProps): ReactElement {
  const { getUrl } = props;
  const frame = useRef<HTMLDivElement>(null);
  const holder = useRef<HTMLDivElement>(null);
  const terminal = useRef<Terminal | null>(null);
  const open = useCallback(
    async (signal: AbortSignal): Promise<SerialChannel> => {
      const url = await getUrl(signal);
      return openSerial({ url, signal, onBytes: (bytes) => terminal.current?.write(bytes) });
    },
    [getUrl],
  );
  const { connection, channel, retry } = useLink(open);

  useEffect(() => {
    const element = holder.current;
    if (!element) return;
    const opened = openTerminal(element);
    terminal.current = opened.terminal;
    opened.terminal.onData((text) => channel()?.send(text));
    return () => {
      terminal.current = null;
      opened.close();
    };
  }, [channel]);

  return (
    <div className={`console-frame ${props.isFilling ? 'is-filling' : ''}`} ref={frame}>
      <div className="console-toolbar" role="toolbar" aria-label="Serial port controls">
        <span className="console-toolbar-note">
          Serial port of {props.vmName}; what you type goes to the guest.
        </span>
        <span className="console-toolbar-gap" />
        {props.onPopOut && (
          <IconButton
            label="Open in a new window"
            icon={<ExternalLinkAltIcon />}
            onClick={props.onPopOut}
          />
        )}
        <FullScreenButton frame={frame} />
      </div>
      <div className="console-body is-serial">
        <div className="serial-screen" data-testid="serial-screen" ref={holder} />
        <ConnectionVeil connection={connection} what="serial port" onRetry={retry} />
      </div>
    </div>
  );
}

function openTerminal(element: HTMLElement): {
  readonly terminal: Terminal;
  readonly close: () => void;
} {
  const terminal = new Terminal({
    convertEol: false,
    scrollback: scrollbackLines,
    fontFamily: '"Red Hat Mono", "DejaVu Sans Mono", monospace',
    fontSize: 13,
    screenReaderMode: true,
    theme: { background: '#0b0f14', foreground: '#d6dde4', cursor: '#7fd1c3' },
  });
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  terminal.open(element);
  fit.fit();
  const observer = new ResizeObserver(() => fit.fit());
  observer.observe(element);
  return {
    terminal,
    close: () => {
      observer.disconnect();
      terminal.dispose();
    },
  };
}
