import { useCallback, useEffect, useRef, useState, type ReactElement } from 'react';

import { ConnectionVeil } from './ConnectionVeil';
import { ConsoleToolbar } from './ConsoleToolbar';
import { typeText } from './keystrokes';
import { PasteModal } from './PasteModal';
import { useLink } from './useLink';
import { openVnc, type VncChannel } from './vncChannel';

export interface ConsoleViewProps {
  readonly vmName: string;
  /** Gets a one-time address of the console's WebSocket. Must be memoized. */
  readonly getUrl: (signal: AbortSignal) => Promise<string>;
  /** Opens the console in a window of its own; absent in that window. */
  readonly onPopOut?: () => void;
  /** Fill the window instead of a part of the page. */
  readonly isFilling?: boolean;
}

/** The guest's screen with its toolbar. */
export function VncView(props: ConsoleViewProps): ReactElement {
  const { getUrl } = props;
  const frame = useRef<HTMLDivElement>(null);
  const screen = useRef<HTMLDivElement>(null);
  const [isScaled, setScaled] = useState(true);
  const [isPasting, setPasting] = useState(false);
  const scaled = useRef(isScaled);

  const open = useCallback(
    async (signal: AbortSignal): Promise<VncChannel> => {
      const url = await getUrl(signal);
      const target = screen.current;
      if (!target) throw new Error('The page was left');
      return openVnc({ url, target, isScaled: scaled.current, signal });
    },
    [getUrl],
  );
  const { connection, channel, retry } = useLink(open);
  const isConnected = connection.kind === 'connected';

  useEffect(() => {
    scaled.current = isScaled;
    if (isConnected) channel()?.setScaled(isScaled);
  }, [isScaled, channel, isConnected]);

  const paste = async (text: string): Promise<void> => {
    setPasting(false);
    await channel()?.type(typeText(text).strokes, new AbortController().signal);
    channel()?.focus();
  };

  return (
    <div className={`console-frame ${props.isFilling ? 'is-filling' : ''}`} ref={frame}>
      <ConsoleToolbar
        frame={frame}
        isConnected={isConnected}
        isScaled={isScaled}
        onScaledChange={setScaled}
        onCtrlAltDel={() => channel()?.sendCtrlAltDel()}
        onPaste={() => setPasting(true)}
        {...(props.onPopOut ? { onPopOut: props.onPopOut } : {})}
      />
      <div className={`console-body ${isScaled ? 'is-scaled' : 'is-natural'}`}>
        <div
          className="vnc-screen"
          data-testid="vnc-screen"
          role="application"
          aria-label={`Screen of ${props.vmName}`}
          ref={screen}
        />
        <ConnectionVeil connection={connection} what="screen" onRetry={retry} />
      </div>
      {isPasting && (
        <PasteModal
          vmName={props.vmName}
          onPaste={(text) => void paste(text)}
          onClose={() => setPasting(false)}
        />
      )}
    </div>
  );
}
